// Which calls of a session are counted, if a denied call ran in it.

import type { SessionView, Verdict } from "../api/bindings";

/** All calls, those that do not rest on a denied call's result, or those that are not hypothetical. */
export type Counted = "all" | "independent" | "none";

const COUNTED: readonly Counted[] = ["all", "independent", "none"];

/** What a choice says; all where it says nothing. */
export const countedBy = (choice: string): Counted => COUNTED.find((one) => one === choice) ?? "all";

export function countsOf(view: SessionView, which: Counted): Readonly<Record<Verdict, number>> {
  const counts = { allowed: 0, denied: 0, drifted: 0, unknown: 0 };
  for (const { verdict, hypothetical } of view.calls) {
    const isCounted = hypothetical === null || which === "all" || which === hypothetical;
    if (isCounted) counts[verdict]++;
  }
  return counts;
}
