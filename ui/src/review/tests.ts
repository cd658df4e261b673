// Tests, coverage and mistakes in words.

import type { ConditionCoverage, MutantView, PolicyCoverage, SeenWays, TestView } from "../api/bindings";
import { count, number } from "../format";

export const OUTCOMES = {
  passed: { word: "passed", mark: "✓" },
  failed: { word: "failed", mark: "✗" },
  broken: { word: "cannot be run", mark: "!" },
} as const;

export const WAYS: Readonly<Record<SeenWays, string>> = {
  both: "seen both ways",
  matched: "never what keeps a call out",
  keptOut: "never holds with the others",
  never: "never tried",
};

/** By file, the files in which something is wrong first. */
export function byFile(tests: readonly TestView[]): { file: string; tests: TestView[]; wrong: number }[] {
  const groups = [...new Set(tests.map(({ file }) => file))].map((file) => {
    const of = tests.filter((test) => test.file === file);
    const wrong = of.filter((test) => test.outcome !== "passed");
    return { file, tests: [...wrong, ...of.filter((test) => !wrong.includes(test))], wrong: wrong.length };
  });
  return groups.toSorted((a, b) => b.wrong - a.wrong || a.file.localeCompare(b.file));
}

/** Whether tests leave something of a policy out. */
export function isOpen(policy: PolicyCoverage): boolean {
  return !policy.byTests || (policy.conditions ?? []).some(({ byTests }) => byTests !== "both");
}

export function reachedBy(policy: PolicyCoverage): string {
  if (policy.byTests)
    return policy.byRecordings ? "decides in tests and recordings" : "decides in tests only";
  return policy.byRecordings ? "decides in recordings only" : "decides nothing yet";
}

export function conditionSaid({ byTests, byRecordings }: ConditionCoverage): string {
  if (byTests === byRecordings) return WAYS[byTests];
  return `${WAYS[byTests]} in tests; ${WAYS[byRecordings]} in recordings`;
}

export function mistakeSaid({ mistake, condition }: MutantView): string {
  switch (mistake) {
    case "leftOut":
      return `without ${condition ?? ""}`;
    case "turned":
      return `with the opposite of ${condition ?? ""}`;
    case "swapped":
      return "permit and forbid swapped";
    case "unknown":
      return "not tried";
  }
}

export function noticedSaid({ noticed, by, calls }: MutantView): string {
  switch (noticed) {
    case "tests":
      return `fails the test ${by ?? ""}`;
    case "recordings":
      return `fails no test, and changes ${count(calls, "recorded call")}`;
    case "nobody":
      return "nobody notices";
    case "notTried":
      return by ?? "";
  }
}

export const outOf = (part: number, all: number): string => `${number(part)} of ${number(all)}`;
