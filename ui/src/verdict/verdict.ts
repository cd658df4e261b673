// The four verdicts: how each is named, drawn and packed.
//
// A verdict is never colour alone: word, shape and colour belong together, here and nowhere else.

import type { DriftSeverity, Summary, Verdict } from "../api/bindings";

/** A shape that stands for a verdict. */
export type Shape = "disc" | "square" | "triangle" | "ring";

interface Look {
  readonly word: string;
  readonly shape: Shape;
  readonly letter: string;
  /** What it means, in a few words. */
  readonly meaning: string;
}

export const LOOK: Readonly<Record<Verdict, Look>> = {
  allowed: { word: "Allowed", shape: "disc", letter: "a", meaning: "within its remit" },
  denied: { word: "Denied", shape: "square", letter: "d", meaning: "forbidden by the guardrails" },
  drifted: {
    word: "Drifted",
    shape: "triangle",
    letter: "r",
    meaning: "permitted, but not what the task is for",
  },
  unknown: { word: "Unknown", shape: "ring", letter: "u", meaning: "cannot be decided from the recording" },
};

/** How grave a drift is: graver first. */
export const SEVERITIES: readonly DriftSeverity[] = ["out-of-scope", "unverified-value"];

export const GRAVITY: Readonly<Record<DriftSeverity, { readonly word: string; readonly meaning: string }>> = {
  "out-of-scope": { word: "Out of scope", meaning: "the scope of the task does not allow the call" },
  "unverified-value": {
    word: "Unverified value",
    meaning: "only a value in the call is not vouched for, by the user or a trusted source",
  },
};

/** In the order of the byte column. */
export const BY_CODE: readonly Verdict[] = ["allowed", "denied", "drifted", "unknown"];

/** Worst first: what must not be averaged away. */
export const BY_WEIGHT: readonly Verdict[] = ["denied", "drifted", "unknown", "allowed"];

/** Coverage first: what is not known comes before what is. */
export const BY_COVERAGE: readonly Verdict[] = ["unknown", "denied", "drifted", "allowed"];

const BY_LETTER: ReadonlyMap<string, Verdict> = new Map(
  BY_CODE.map((verdict) => [LOOK[verdict].letter, verdict]),
);

export const weight = (verdict: Verdict): number => BY_WEIGHT.length - BY_WEIGHT.indexOf(verdict);

export const isFinding = (verdict: Verdict): boolean => verdict !== "allowed";

/** Reads the strip of a session row: one letter a call. */
export const parseStrip = (strip: string): Verdict[] =>
  Array.from(strip, (letter) => BY_LETTER.get(letter) ?? "unknown");

/** Calls whose verdict is known. */
export const decided = (summary: Summary): number => summary.toolCalls - summary.unknown;
