// A column in as many bins as there is room for: how many calls of each verdict are in each, so that
// nothing is averaged away.
//
// The inner loop looks at four calls at once, and adds up their bits by one multiplication.

import { BY_CODE } from "../verdict/verdict";
import { wordsOf } from "./column";

/** The lower of the two bits of a verdict, in each byte of a word. */
const LOW = 0x01010101;
/** What adds up the bytes of a word into its highest one. */
const SUM = 0x01010101;
const KINDS = BY_CODE.length;

export interface Bins {
  readonly size: number;
  /** Calls of each bin by code: those of the first bin, then those of the second. */
  readonly calls: Uint32Array;
  /** Calls of each bin whose verdict differs from the baseline. */
  readonly changed: Uint32Array;
}

/** `most` bins over the column; without a baseline of the same calls nothing has changed. */
export function bins(column: Uint8Array, most: number, baseline: Uint8Array = column): Bins {
  const before = baseline.length === column.length ? baseline : column;
  const [words, wordsBefore] = [wordsOf(column), wordsOf(before)];
  const size = Math.min(most, column.length);
  const [calls, changed] = [new Uint32Array(size * KINDS), new Uint32Array(size)];
  for (let bin = 0, at = 0; bin < size; bin++) {
    const start = at;
    const end = Math.floor(((bin + 1) * column.length) / size);
    let [one, two, three, differing] = [0, 0, 0, 0];
    while (at < end) {
      const whole = (at & 3) === 0 && at + 4 <= end;
      const now = (whole ? words[at >> 2] : column[at]) ?? 0;
      const differs = now ^ ((whole ? wordsBefore[at >> 2] : before[at]) ?? 0);
      const [low, high] = [now & LOW, (now >> 1) & LOW];
      one += Math.imul(low & ~high, SUM) >>> 24;
      two += Math.imul(high & ~low, SUM) >>> 24;
      three += Math.imul(low & high, SUM) >>> 24;
      differing += Math.imul((differs | (differs >> 1)) & LOW, SUM) >>> 24;
      at += whole ? 4 : 1;
    }
    calls.set([end - start - one - two - three, one, two, three], bin * KINDS);
    changed[bin] = differing;
  }
  return { size, calls, changed };
}
