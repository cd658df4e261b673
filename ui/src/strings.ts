// What the window says, in one place.

import type { Summary } from "./api/bindings";
import { count, enumerate, number, percent } from "./format";
import { decided } from "./verdict/verdict";

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
  asRecorded: "as recorded",
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
