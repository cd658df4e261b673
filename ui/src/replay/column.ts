// The verdicts of all tool calls, one byte each, in the order of the corpus.
//
// Not here: reading them from the host, and drawing.

import type { Verdict } from "../api/bindings";
import { BY_CODE, BY_WEIGHT, weight } from "../verdict/verdict";

const VERDICT_BITS = 3;
const FIRST_OF_SESSION = 128;

/** Verdict codes, worst last, so that the greatest rank wins a bin. */
const RANK = BY_CODE.map(weight);

export const verdictAt = (column: Uint8Array, position: number): Verdict =>
  BY_CODE[(column[position] ?? VERDICT_BITS) & VERDICT_BITS] ?? "unknown";

/** Where each session that has calls begins. */
export function sessionStarts(column: Uint8Array): Uint32Array {
  const starts: number[] = [];
  column.forEach((byte, position) => {
    if (byte & FIRST_OF_SESSION) starts.push(position);
  });
  return Uint32Array.from(starts);
}

/** The last of the ascending `starts` that is not after `position`; -1 before the first. */
export function blockAt(starts: Uint32Array, position: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** `most` bins over the column: the code of the worst verdict in each. Never averaged away. */
export function bins(column: Uint8Array, most: number): Uint8Array {
  const size = Math.min(most, column.length);
  const worst = new Uint8Array(size);
  for (let bin = 0; bin < size; bin++) {
    const end = Math.floor(((bin + 1) * column.length) / size);
    for (let at = Math.floor((bin * column.length) / size); at < end; at++) {
      const code = (column[at] ?? 0) & VERDICT_BITS;
      if ((RANK[code] ?? 0) > (RANK[worst[bin] ?? 0] ?? 0)) worst[bin] = code;
    }
  }
  return worst;
}

/** Which verdicts differ between two columns of the same calls. */
export interface Changes {
  readonly positions: readonly number[];
  /** How many calls have each verdict now and had another before. */
  readonly newly: Readonly<Record<Verdict, number>>;
}

/** `null` if the columns are of different calls, so that nothing can be compared. */
export function compare(before: Uint8Array, after: Uint8Array): Changes | null {
  if (!sameCalls(before, after)) return null;
  const newly: Record<Verdict, number> = { allowed: 0, denied: 0, drifted: 0, unknown: 0 };
  const positions: number[] = [];
  after.forEach((byte, position) => {
    const old = before[position] ?? byte;
    if (((old ^ byte) & VERDICT_BITS) === 0) return;
    newly[verdictAt(after, position)]++;
    positions.push(position);
  });
  return { positions, newly };
}

const sameCalls = (before: Uint8Array, after: Uint8Array): boolean =>
  before.length === after.length &&
  after.every((byte, position) => (((before[position] ?? 0) ^ byte) & FIRST_OF_SESSION) === 0);

/** The next call that is not allowed after (or before) a position; `null` if there is none. */
export function nextFinding(column: Uint8Array, from: number, by: 1 | -1): number | null {
  for (let at = from + by; at >= 0 && at < column.length; at += by) {
    if (verdictAt(column, at) !== "allowed") return at;
  }
  return null;
}

/** The worst verdicts first, for a sentence on what changed. */
export const changedVerdicts = (changes: Changes): Verdict[] =>
  BY_WEIGHT.filter((verdict) => changes.newly[verdict] > 0);
