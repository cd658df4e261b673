// The policy list as lines: a heading, then its policies.

import type { PolicyRow } from "../api/bindings";

export type Line =
  | { readonly kind: "head"; readonly title: string }
  | { readonly kind: "policy"; readonly policy: PolicyRow; readonly index: number };

/** The order of the policies is kept; a heading stands where the set or the task changes. */
export function grouped(policies: readonly PolicyRow[]): Line[] {
  return policies.flatMap((policy, at) => {
    const before = policies[at - 1];
    const same = before && before.layer === policy.layer && before.task === policy.task;
    const line: Line = { kind: "policy", policy, index: at };
    return same ? [line] : [{ kind: "head", title: heading(policy) }, line];
  });
}

const heading = ({ layer, task }: PolicyRow): string =>
  layer === "guardrails" ? "Guardrails: whatever the task" : `Scope of ${task ?? "all tasks"}`;
