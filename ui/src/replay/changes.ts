// How two columns of the same calls differ.
//
// Promises: one pass over both, four calls at once where they are alike; no list of the calls that differ.

import type { Verdict } from "../api/bindings";
import { BY_CODE, BY_WEIGHT } from "../verdict/verdict";
import { FIRST_OF_SESSION, FIRSTS, VERDICT_BITS, VERDICTS, wordsOf } from "./column";

type Tally = Readonly<Record<Verdict, number>>;

export interface Changes {
  /** Calls whose verdict differs. */
  readonly calls: number;
  /** How many of them have each verdict now. */
  readonly newly: Tally;
  /** How many of them had each verdict before. */
  readonly formerly: Tally;
  /** Sessions with such a call. */
  readonly sessions: number;
  /** Such calls of each session that has calls, in order. */
  readonly bySession: Int32Array;
}

const KINDS = BY_CODE.length;

/** `null` if the columns are of different calls, so that nothing can be compared. */
export function compare(before: Uint8Array, after: Uint8Array, starts: Uint32Array): Changes | null {
  if (before.length !== after.length) return null;
  const [old, now] = [wordsOf(before), wordsOf(after)];
  const tally = new Tallying(starts);
  for (let word = 0; word < now.length; word++) {
    const was = old[word] ?? 0;
    const is = now[word] ?? 0;
    if ((was ^ is) & FIRSTS) return null;
    if ((was ^ is) & VERDICTS) tally.add(word * 4, 4, was, is);
  }
  for (let at = now.length * 4; at < after.length; at++) {
    const was = before[at] ?? 0;
    const is = after[at] ?? 0;
    if ((was ^ is) & FIRST_OF_SESSION) return null;
    tally.add(at, 1, was, is);
  }
  return tally.changes();
}

class Tallying {
  /** Calls by verdict before and verdict now. */
  readonly #moved = new Int32Array(KINDS * KINDS);
  readonly #bySession: Int32Array;
  #session = 0;
  #next: number;

  constructor(readonly starts: Uint32Array) {
    this.#bySession = new Int32Array(starts.length);
    this.#next = this.#startAfter(0);
  }

  /** Counts the calls from position `at` on: a byte each, the first one lowest. */
  add(at: number, calls: number, was: number, is: number): void {
    for (let end = at + calls; at < end; at++, was >>= 8, is >>= 8) {
      while (this.#next <= at) this.#next = this.#startAfter(++this.#session);
      const kind = (was & VERDICT_BITS) * KINDS + (is & VERDICT_BITS);
      const bits = was ^ is;
      // No branch: where much changes, guessing wrong costs more than counting what is the same.
      this.#moved[kind] = (this.#moved[kind] ?? 0) + 1;
      this.#bySession[this.#session] = (this.#bySession[this.#session] ?? 0) + ((bits | (bits >> 1)) & 1);
    }
  }

  changes(): Changes {
    const [newly, formerly] = [this.#sum((_, now) => now), this.#sum((old) => old)];
    let sessions = 0;
    for (const calls of this.#bySession) if (calls > 0) sessions++;
    const calls = BY_CODE.reduce((sum, verdict) => sum + newly[verdict], 0);
    return { calls, newly, formerly, sessions, bySession: this.#bySession };
  }

  #sum(of: (old: number, now: number) => number): Tally {
    const tally: Record<Verdict, number> = { allowed: 0, denied: 0, drifted: 0, unknown: 0 };
    this.#moved.forEach((calls, kind) => {
      const [old, now] = [Math.floor(kind / KINDS), kind % KINDS];
      const verdict = BY_CODE[of(old, now)];
      if (verdict && old !== now) tally[verdict] += calls;
    });
    return tally;
  }

  #startAfter(session: number): number {
    const next = session + 1;
    return next < this.starts.length ? (this.starts[next] ?? Infinity) : Infinity;
  }
}

/** The next call after a position whose verdict differs; from the beginning again after the last one. */
export function nextChange(before: Uint8Array, after: Uint8Array, from: number): number | null {
  const last = after.length - 1;
  return differing(before, after, from + 1, last) ?? differing(before, after, 0, Math.min(from, last));
}

function differing(before: Uint8Array, after: Uint8Array, first: number, last: number): number | null {
  for (let at = first; at <= last; at++) {
    if (((before[at] ?? 0) ^ (after[at] ?? 0)) & VERDICT_BITS) return at;
  }
  return null;
}

/** The worst verdicts first, for a sentence on what changed. */
export const changedVerdicts = (changes: Changes): Verdict[] =>
  BY_WEIGHT.filter((verdict) => changes.newly[verdict] > 0);
