// What the window says, in one place.

import type { Summary, Verdict } from "./api/bindings";
import { count, duration, enumerate, number, percent } from "./format";
import { decided, LOOK } from "./verdict/verdict";

export const T = {
  noTask: "no task",
  noScope: "No scope declared: this session cannot drift",
  unscoped: "no scope",
  changed: (calls: number) => `${number(calls)} changed`,
  filterSessions: "Filter sessions",
  onlyWith: (word: string) => `With ${word.toLowerCase()}`,
  loading: "Loading",
  loadingSessions: "Loading sessions",
  nothingMatches: "No session matches",
  nothingMatchesHelp: "The filter looks at ids, tasks, agents, goals and tool names.",
  clearFilter: "Clear the filter",
  neverReplayed: "Nothing has been replayed yet",
  neverReplayedHelp: "The replay begins by itself as soon as the errors in the files are gone.",
  noSessions: "No recordings yet",
  noSessionsHelp:
    "Put recordings into the folder sessions/ of this workspace; they appear here by themselves.",
  horizon: "What follows depends on a result that the agent would not have had",
  chooseSession: "No session is selected",
  chooseSessionHelp: "Choose one on the left, or press n.",
  chooseCall: "No tool call is selected",
  chooseCallHelp: "Press ] to go to the next finding, or choose a call in the session.",
  notJudged: "This step is not judged",
  notJudgedHelp: "Only tool calls have verdicts. Press ] to go to the next finding.",
  sample: "You are looking at the sample incident, in a throw-away copy: change what you like.",
  draft: "Draft",
  draftBroken: "Draft does not parse",
  draftBrokenWhy: "The draft does not parse; the verdicts are those of the last text that did",
  draftFiles: (files: readonly string[], revision: string | null) =>
    `The verdicts follow unsaved text of ${enumerate(files)}. Compared with ${revision ?? "the last save"}.`,
  draftJudged: (micros: number) => `Draft judged in ${duration(micros)}, as recorded`,
  noChange: "no change",
  noVerdictChanged: "No verdict changed",
  callsChanged: (calls: number) => `${count(calls, "call")} changed`,
  newly: (calls: number, verdict: Verdict) => `${number(calls)} newly ${LOOK[verdict].word.toLowerCase()}`,
  inSessions: (sessions: number) => `in ${count(sessions, "session")}`,
  comparedWith: (of: "draft" | "saved", revision: string | null) => {
    if (revision !== null) return `against ${revision}`;
    return of === "draft" ? "against the last save" : "by the last save";
  },
  definitions: "Declared in several places",
  references: (places: number) => (places === 0 ? "Named nowhere" : `Named in ${count(places, "place")}`),
  outline: "Outline",
  fixes: "What mends it",
  likely: "most likely meant",
  renamed: (from: string, to: string) => `Renamed ${from} to ${to}`,
  renaming: (what: string) => `New name of ${what}`,
  stopSuch: "Forbid such calls",
  permitSuch: "Permit such calls",
  fromCalls: { forbid: "A policy that forbids", permit: "A policy that permits" },
  drafted: (file: string) => `Drafted in ${file}. The counts show its effect; save to keep it.`,
  access: "What each agent may do with each tool",
  accessHelp:
    "Always and never are read from the policies, and hold for every call; the numbers are of the recordings.",
  accessTask: "In the task",
  anyTask: "any (guardrails only)",
  noAgents: "No agents yet",
  noAgentsHelp: "Agents are entities in entities.json, or those that recordings name.",
  schemaEffects: "What this schema would do, once it is saved",
  comparedTo: "Compared with",
  lastSave: "the last save",
  lastCommit: "the last commit",
  noRepository: "The workspace is in no git repository",
  comparing: "Comparing",
  decidedBy: (policies: string) => `decided by ${policies}`,
  noLongerBy: (policies: string) => `no longer permitted by ${policies}`,
  nothingPermits: "nothing permits it",
  cannotBeDecided: "cannot be decided",
  noVerdictChangedHelp: "Every recorded call has the verdict that it had before.",
  moreGroups: (groups: number) => `and ${count(groups, "group")} more, each smaller`,
  noTextChanged: "No text differs",
  noTextChangedHelp: "Everything is saved. Compare with a commit to see more.",
  asAtRevision: (revision: string) => `All files are as they were at ${revision}.`,
  restored: (files: string) => `Found again: text of ${files} that was not saved.`,
  discard: "Discard",
  discardHelp: "Back to the text on disk. Undo brings yours back.",
  whatIf: "What if",
  whatIfNothing: "No verdict would change",
  nothingSaved: "changes the draft, saves nothing",
  reading: (files: number, of: number, calls: number) =>
    `Reading ${number(files)} of ${count(of, "file")}, ${count(calls, "tool call")} so far`,
  replaying: (done: number, total: number) => `Replaying ${number(done)} of ${count(total, "session")}`,
  replayed: (sessions: number) => `Replayed ${count(sessions, "session")}, as recorded`,
  replayingSoon: "Replaying…",
  notReplayed: "Not replayed",
  mismatch: "These verdicts cannot be trusted.",
  mismatchWhy: (wrong: number, checked: number) =>
    `Remit judged ${count(checked, "call")} a second time, the slow way, and ${count(wrong, "verdict")} came out otherwise. The mistake is in Remit, not in your policies.`,
  mismatchReport:
    "Please report it with the text below. Nothing is sent by itself; look through it first, for it may name tools and values of your recordings.",
  decided: (summary: Summary) =>
    summary.toolCalls === 0
      ? "No tool calls yet"
      : `${percent(decided(summary), summary.toolCalls)} of ${count(summary.toolCalls, "tool call")} decided`,
  stripText: (summary: Summary) =>
    `${count(summary.toolCalls, "tool call")}: ${enumerate([
      `${number(summary.unknown)} unknown`,
      `${number(summary.denied)} denied`,
      `${number(summary.drifted)} drifted`,
      `${number(summary.allowed)} allowed`,
    ])}`,
};
