// What a proposed scope rests on, in words; and its text, clause by clause.

import type { FalseDenials, LearntClause } from "../api/bindings";
import { count, number, percent } from "../format";

/** What the scope would deny of sessions that it was not learnt from. */
export function estimated(estimate: FalseDenials | null): string {
  if (!estimate) return "It rests on one session, so nothing says how well it fits others.";
  const { sessions, deniedSessions, calls, deniedCalls } = estimate;
  const left = `Each of ${count(sessions, "session")} was left out in turn: the scope of the others`;
  if (deniedCalls === 0) return `${left} denies none of their ${count(calls, "call")}.`;
  const share = percent(deniedCalls, calls);
  return `${left} denies ${number(deniedCalls)} of their ${count(calls, "call")} (${share}), in ${count(deniedSessions, "session")}.`;
}

/** "12 calls in 3 sessions". */
export const support = ({ calls, sessions }: LearntClause): string =>
  calls === 0 ? count(sessions, "session") : `${count(calls, "call")} in ${count(sessions, "session")}`;

/** The text of the policy with that id; nothing if the file does not hold it. */
export function clauseText(text: string, id: string): string {
  const from = text.indexOf(`@id(${JSON.stringify(id)})`);
  if (from === -1) return "";
  const next = text.indexOf("\n@id(", from + 1);
  return text.slice(from, next === -1 ? undefined : next).trim();
}
