// The verdicts of all tool calls, one byte each, in the order of the corpus.
//
// There may be a million: a function passes over the column once, and makes no array of calls.
// Not here: reading them from the host, and drawing.

import type { Verdict } from "../api/bindings";
import { BY_CODE } from "../verdict/verdict";

export const VERDICT_BITS = 3;
export const FIRST_OF_SESSION = 128;
const ALLOWED = BY_CODE.indexOf("allowed");

/** The same in each of the four bytes of a word: most passes look at four calls at once. */
export const VERDICTS = 0x03030303;
export const FIRSTS = 0x80808080 | 0;

export const verdictAt = (column: Uint8Array, position: number): Verdict =>
  BY_CODE[(column[position] ?? VERDICT_BITS) & VERDICT_BITS] ?? "unknown";

/** Where each session that has calls begins. */
export function sessionStarts(column: Uint8Array): Uint32Array {
  let starts = new Uint32Array(64);
  let many = 0;
  const words = wordsOf(column);
  for (let word = 0; word * 4 < column.length; word++) {
    if (word < words.length && ((words[word] ?? 0) & FIRSTS) === 0) continue;
    for (let at = word * 4; at < Math.min(word * 4 + 4, column.length); at++) {
      if (((column[at] ?? 0) & FIRST_OF_SESSION) === 0) continue;
      if (many === starts.length) starts = grown(starts);
      starts[many++] = at;
    }
  }
  return starts.slice(0, many);
}

/** The whole words of a column; the bytes after the last one are not among them. */
export function wordsOf(column: Uint8Array): Int32Array {
  const { buffer, byteOffset, length } = column.byteOffset % 4 === 0 ? column : column.slice();
  return new Int32Array(buffer, byteOffset, length >> 2);
}

function grown(full: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(full.length * 2);
  larger.set(full);
  return larger;
}

/** The next call that is not allowed after (or before) a position; `null` if there is none. */
export function nextFinding(column: Uint8Array, from: number, by: 1 | -1): number | null {
  for (let at = from + by; at >= 0 && at < column.length; at += by) {
    if (((column[at] ?? 0) & VERDICT_BITS) !== ALLOWED) return at;
  }
  return null;
}
