// What a proposed scope rests on, in words; and its text, clause by clause.

import type { FalseDenials, LearnQuestion, LearntClause, ToolAnswer, WouldDrift } from "../api/bindings";
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

/** What can be chosen for a tool: to leave it to the recordings, or one of the answers. */
export interface AnswerChoice {
  readonly answer: ToolAnswer | null;
  readonly label: string;
  readonly drifts: WouldDrift;
}

const LABELS: Readonly<Record<ToolAnswer, string>> = {
  always: "Always, whatever its arguments",
  values: "Only with the values of good sessions",
  user: "Only if the value came from the user",
  never: "Never",
};

export const choices = ({ kept, answers }: LearnQuestion): AnswerChoice[] => [
  { answer: null, label: "As proposed from the recordings", drifts: kept },
  ...answers.map(({ answer, drifts }) => ({ answer, label: LABELS[answer], drifts })),
];

/** "stops 2 good, 3 other calls". */
export function drifting({ good, other }: WouldDrift): string {
  if (good === 0 && other === 0) return "stops none";
  const parts = [
    ...(good > 0 ? [`${number(good)} good`] : []),
    ...(other > 0 ? [`${number(other)} other`] : []),
  ];
  return `stops ${parts.join(", ")}`;
}
