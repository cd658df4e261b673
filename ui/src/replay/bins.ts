// A column in as many bars as there is room for: the worst verdict of each, never averaged away.
//
// The inner loop looks at four calls at once, and only notes which verdicts occurred.

import { BY_CODE, BY_WEIGHT } from "../verdict/verdict";
import { VERDICTS, wordsOf } from "./column";

/** The lower of the two bits of a verdict, in each byte of a word. */
const LOW = 0x01010101;

export interface Bins {
  /** The code of the worst verdict in each. */
  readonly worst: Uint8Array;
  /** 1 where some verdict differs from the baseline. */
  readonly changed: Uint8Array;
}

/** By the codes that occurred, one bit each: the code of the worst verdict. */
const WORST = Uint8Array.from({ length: 1 << BY_CODE.length }, (_, seen) => {
  const worst = BY_WEIGHT.find((verdict) => (seen >> BY_CODE.indexOf(verdict)) & 1);
  return worst === undefined ? 0 : BY_CODE.indexOf(worst);
});

/** `most` bins over the column; without a baseline of the same calls nothing has changed. */
export function bins(column: Uint8Array, most: number, baseline: Uint8Array = column): Bins {
  const before = baseline.length === column.length ? baseline : column;
  const [words, wordsBefore] = [wordsOf(column), wordsOf(before)];
  const size = Math.min(most, column.length);
  const [worst, changed] = [new Uint8Array(size), new Uint8Array(size)];
  for (let bin = 0, at = 0; bin < size; bin++) {
    const end = Math.floor(((bin + 1) * column.length) / size);
    let [one, two, three, differs] = [0, 0, 0, 0];
    while (at < end) {
      const whole = (at & 3) === 0 && at + 4 <= end;
      const now = (whole ? words[at >> 2] : column[at]) ?? 0;
      differs |= now ^ ((whole ? wordsBefore[at >> 2] : before[at]) ?? 0);
      const [low, high] = [now & LOW, (now >> 1) & LOW];
      one |= low & ~high;
      two |= high & ~low;
      three |= low & high;
      at += whole ? 4 : 1;
    }
    worst[bin] = WORST[(one ? 2 : 0) | (two ? 4 : 0) | (three ? 8 : 0)] ?? 0;
    changed[bin] = differs & VERDICTS ? 1 : 0;
  }
  return { worst, changed };
}
