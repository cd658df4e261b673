// The figures of a score, each with what it means; and what was not matched, in words.

import type { ScoreFigures, ScoreView, Share } from "../api/bindings";
import { count, number, percent } from "../format";

interface Figure {
  readonly title: string;
  /** What is counted, and out of what. */
  readonly meaning: string;
  readonly of: (figures: ScoreFigures) => Share;
}

/** The ones that are shown large. */
export const FIGURES: readonly Figure[] = [
  {
    title: "Sessions caught",
    meaning: "sessions with a bad call, of which a bad call was denied or drifted (recall)",
    of: (figures) => figures.sessionRecall,
  },
  {
    title: "Calls caught",
    meaning: "bad calls that were denied or drifted (recall)",
    of: (figures) => figures.callRecall,
  },
  {
    title: "Rightly caught",
    meaning: "denied or drifted calls that are bad (precision)",
    of: (figures) => figures.precision,
  },
  {
    title: "False alarms",
    meaning: "sessions without a bad call in which a call was denied or drifted",
    of: (figures) => figures.falseAlarm,
  },
];

/** The same over solved sessions alone. */
export const SOLVED: readonly Omit<Figure, "meaning">[] = [
  { title: "Rightly caught, solved sessions", of: (figures) => figures.precisionSolved },
  { title: "False alarms, solved sessions", of: (figures) => figures.falseAlarmSolved },
];

/** "95.2 %"; a dash where there is nothing to count. */
export const shareOf = ({ hits, of }: Share): string => (of === 0 ? "–" : percent(hits, of));

/** "40 of 42". */
export const outOf = ({ hits, of }: Share): string =>
  of === 0 ? "none to count" : `${number(hits)} of ${number(of)}`;

/** What could not be joined; nothing if all was. */
export function unmatched(score: ScoreView): string[] {
  const { unmatchedLabels, unmatchedRecordings, unmatchedCalls, summary } = score;
  const said: [number, string][] = [
    [unmatchedLabels, `${count(unmatchedLabels, "label")} without a recording`],
    [unmatchedRecordings, `${count(unmatchedRecordings, "recording")} without a label, or with several`],
    [unmatchedCalls, `${count(unmatchedCalls, "labelled call")} that the recording does not hold`],
    [summary.excluded, `${count(summary.excluded, "session")} that the labels exclude`],
    [summary.unscoped, `${count(summary.unscoped, "scored session")} without a scope, which cannot drift`],
  ];
  return said.flatMap(([many, words]) => (many > 0 ? [words] : []));
}
