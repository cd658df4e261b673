// The whole corpus: the column of verdicts, where its sessions lie, and what the last edit changed.
//
// Promises: after a replay of the same calls, `changes` says which verdicts differ from the baseline
// (the verdicts when the person last saved), and in which sessions, however many replays ran since.
// Not here: who asked for the replay.

import type { CallPlace, ErrorDto, Verdict } from "../api/bindings";
import { asError, bytes, call } from "../api/client";
import { blockAt, compare, nextFinding, sessionStarts, verdictAt, type Changes } from "./column";

const EMPTY = new Uint8Array();
/** Marking more sessions than this would cost more questions than anybody reads answers. */
const MOST_MARKED = 200;

/** What changed in one session: the verdict that each changed call had before, by its place there. */
export type SessionChanges = ReadonlyMap<number, Verdict>;

export class Corpus {
  column = $state.raw<Uint8Array>(EMPTY);
  changes = $state.raw<Changes | null>(null);
  bySession = $state.raw<ReadonlyMap<number, SessionChanges>>(new Map());
  error = $state.raw<ErrorDto | null>(null);
  readonly starts = $derived(sessionStarts(this.column));
  readonly changedCalls: ReadonlyMap<number, number> = $derived(
    new Map([...this.bySession].map(([session, calls]) => [session, calls.size])),
  );
  #sessionOfBlock = new Map<number, number>();
  #baseline: Uint8Array = EMPTY;
  /** Whether somebody waits to hear what changed, even if nothing did. */
  #awaited = false;
  #asked = 0;

  /** What is in view from now on is what edits are compared with. */
  mark(): void {
    this.#awaited = true;
    this.#baseline = this.column;
  }

  /** Reads the column again, and says what differs from the baseline. */
  async refresh(): Promise<void> {
    const mine = ++this.#asked;
    try {
      const after = await bytes("verdict_column");
      if (mine !== this.#asked) return;
      this.#sessionOfBlock.clear();
      this.column = after;
      this.error = null;
      await this.#compare(after, mine);
    } catch (thrown) {
      if (mine === this.#asked) this.error = asError(thrown);
    }
  }

  place(position: number): Promise<CallPlace> {
    return call("call_at", { position });
  }

  /** The position of a session's call, by its place among the calls of the session. */
  async positionOf(session: number, callInSession: number): Promise<number | null> {
    const block = await this.#blockOf(session);
    const start = this.starts[block];
    return start === undefined ? null : start + callInSession;
  }

  /** Where the next finding is, from a call of a session, or from its edge. */
  async findingFrom(
    session: number | null,
    callInSession: number | null,
    by: 1 | -1,
  ): Promise<CallPlace | null> {
    const from = session === null ? -1 : await this.#edge(session, callInSession, by);
    const found = nextFinding(this.column, from, by);
    return found === null ? null : this.place(found);
  }

  forgetChanges(): void {
    this.#baseline = this.column;
    this.#awaited = false;
    this.changes = null;
    this.bySession = new Map();
  }

  clear(): void {
    this.#asked++;
    this.column = EMPTY;
    this.forgetChanges();
  }

  async #edge(session: number, callInSession: number | null, by: 1 | -1): Promise<number> {
    const block = await this.#blockOf(session);
    const start = this.starts[block] ?? this.column.length;
    if (callInSession !== null) return start + callInSession;
    return by === 1 ? start - 1 : start;
  }

  /** The block of a session: found by halving, since sessions lie in order. */
  async #blockOf(session: number): Promise<number> {
    let [low, high] = [0, this.starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((await this.#sessionAt(middle)) < session) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #sessionAt(block: number): Promise<number> {
    const known = this.#sessionOfBlock.get(block);
    if (known !== undefined) return known;
    const { session } = await this.place(this.starts[block] ?? 0);
    this.#sessionOfBlock.set(block, session);
    return session;
  }

  async #compare(after: Uint8Array, mine: number): Promise<void> {
    const before = this.#baseline;
    const changes = before.length > 0 ? compare(before, after) : null;
    if (changes === null) {
      this.forgetChanges();
      return;
    }
    const told = this.#awaited || changes.positions.length > 0;
    this.changes = told ? changes : null;
    const marked = await this.#marked(changes, before);
    if (mine === this.#asked) this.bySession = marked;
  }

  async #marked(changes: Changes, before: Uint8Array): Promise<ReadonlyMap<number, SessionChanges>> {
    const blocks = byBlock(changes.positions, this.starts);
    const marked = [...blocks].slice(0, MOST_MARKED).map(async ([block, positions]) => {
      const start = this.starts[block] ?? 0;
      const calls = positions.map((position) => [position - start, verdictAt(before, position)] as const);
      return [await this.#sessionAt(block), new Map(calls)] as const;
    });
    return new Map(await Promise.all(marked));
  }
}

function byBlock(positions: readonly number[], starts: Uint32Array): Map<number, number[]> {
  const blocks = new Map<number, number[]>();
  for (const position of positions) {
    const block = blockAt(starts, position);
    const found = blocks.get(block);
    if (found) found.push(position);
    else blocks.set(block, [position]);
  }
  return blocks;
}
