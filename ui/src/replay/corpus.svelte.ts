// The whole corpus: the column of verdicts, where its sessions lie, and what an edit changed.
//
// Promises: `changes` compares what is in view with the baseline: the revision that is pinned, else for a
// draft the last save, for a save the one before it, however many replays ran since. What is known of one session is looked up when it
// is asked for: nothing here is a list of calls. Not here: who asked for the replay.

import type { CallPlace, ErrorDto, Verdict } from "../api/bindings";
import { asError, bytes, call } from "../api/client";
import { compare, nextChange, type Changes } from "./changes";
import { nextFinding, sessionStarts, verdictAt } from "./column";

const EMPTY = new Uint8Array();
const NOWHERE = new Uint32Array();

/** What verdicts are of: the files as they are on disk, or with unsaved text. */
export type Of = "saved" | "draft";

/** What changed in one session: the verdict that each changed call had before, by its place there. */
export type SessionChanges = ReadonlyMap<number, Verdict>;

const COLUMNS = { saved: "saved_column", draft: "verdict_column" } as const;
const NONE: SessionChanges = new Map();
const NO_BLOCK = -1;

export class Corpus {
  column = $state.raw<Uint8Array>(EMPTY);
  /** What the column is compared with; empty if it cannot be compared. */
  baseline = $state.raw<Uint8Array>(EMPTY);
  changes = $state.raw<Changes | null>(null);
  starts = $state.raw<Uint32Array>(NOWHERE);
  error = $state.raw<ErrorDto | null>(null);
  /** The revision that changes are counted against; `null`: what is saved. */
  pinned = $state<string | null>(null);
  /** Sessions in all, with and without calls. */
  #sessions = 0;
  /** Which session a block of the column is of, and the other way round, as far as it was asked. */
  #sessionOf = new Map<number, number>();
  #blockOf = $state.raw<ReadonlyMap<number, number>>(new Map());
  #of: Of = "saved";
  #saved: Uint8Array = EMPTY;
  /** Whether somebody waits to hear what changed, even if nothing did. */
  #awaited = false;
  #asked = 0;
  /** Goes up with each workspace. */
  #workspaces = 0;

  /** A save begins: what is saved now is what it is compared with. */
  mark(): void {
    this.#awaited = true;
    if (this.pinned === null) this.baseline = this.#saved;
  }

  /** Counts changes against a revision that the host has pinned; `null`: against what is saved. */
  async pin(revision: string | null): Promise<void> {
    const baseline = revision === null ? this.#saved : await bytes("baseline_column");
    this.pinned = revision;
    this.#awaited = false;
    this.baseline = baseline;
    this.#compare();
  }

  /** Reads the column again, and says what differs from the baseline. */
  async refresh(of: Of, sessions: number): Promise<void> {
    const column = await this.#read(of);
    if (column && of === "saved" && this.pinned !== null) await this.#readPinned(column);
    if (column) this.#show(column, of, sessions);
  }

  /** Reads the column of what is saved without showing it: a draft is about to be compared with it. */
  async readSaved(): Promise<void> {
    const workspace = this.#workspaces;
    const column = await bytes("saved_column").catch(() => null);
    if (!column || workspace !== this.#workspaces) return;
    this.#saved = column;
    if (this.pinned === null) this.baseline = column;
    else await this.#readPinned(column);
    this.#awaited = false;
    this.#of = "draft";
  }

  place(position: number): Promise<CallPlace> {
    return call("call_at", { position });
  }

  /** The position of a session's call, by its place among the calls of the session. */
  async positionOf(session: number, callInSession: number): Promise<number | null> {
    const start = this.starts[await this.#find(session)];
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

  /** The next call that the edit changed, after a position. */
  nextChange(from: number): number | null {
    return this.changes ? nextChange(this.baseline, this.column, from) : null;
  }

  /** Finds where sessions lie, so that `changedIn` and `changesOf` know them. */
  async locate(sessions: readonly number[]): Promise<void> {
    const unknown = sessions.filter((session) => this.#blockIfKnown(session) === null);
    if (unknown.length === 0) return;
    const found = await Promise.all(unknown.map((session) => this.#look(session))).catch(() => []);
    this.#blockOf = new Map([...this.#blockOf, ...found]);
  }

  /** How many calls of a session the edit changed; 0 while its place is not known. */
  changedIn(session: number): number {
    const block = this.#blockIfKnown(session);
    return block === null ? 0 : (this.changes?.bySession[block] ?? 0);
  }

  /** What the edit changed in a session. */
  changesOf(session: number): SessionChanges {
    const block = this.#blockIfKnown(session);
    if (block === null || !this.changes?.bySession[block]) return NONE;
    const start = this.starts[block] ?? 0;
    const end = this.starts[block + 1] ?? this.column.length;
    const changes = new Map<number, Verdict>();
    for (let at = start; at < end; at++) {
      const before = verdictAt(this.baseline, at);
      if (before !== verdictAt(this.column, at)) changes.set(at - start, before);
    }
    return changes;
  }

  forgetChanges(): void {
    if (this.pinned === null) this.baseline = this.column;
    this.#awaited = false;
    this.changes = null;
  }

  clear(): void {
    this.#asked++;
    this.#workspaces++;
    this.#of = "saved";
    this.#saved = EMPTY;
    this.column = EMPTY;
    this.pinned = null;
    this.error = null;
    this.#forgetPlaces(NOWHERE);
    this.forgetChanges();
  }

  async #read(of: Of): Promise<Uint8Array | null> {
    const mine = ++this.#asked;
    try {
      const column = await bytes(COLUMNS[of]);
      if (mine !== this.#asked) return null;
      this.error = null;
      return column;
    } catch (thrown) {
      if (mine === this.#asked) this.error = asError(thrown);
      return null;
    }
  }

  #show(column: Uint8Array, of: Of, sessions: number): void {
    if (this.#of !== of) this.#turn(of, column);
    if (of === "saved") this.#saved = column;
    this.column = column;
    this.#sessions = sessions;
    this.#compare();
  }

  /** The recordings may be others than when the revision was judged: then their places are, too. */
  async #readPinned(column: Uint8Array): Promise<void> {
    this.baseline = await bytes("baseline_column").catch(() => EMPTY);
    this.#forgetPlaces(sessionStarts(column));
  }

  #compare(): void {
    const changes = this.baseline.length > 0 ? compare(this.baseline, this.column, this.starts) : null;
    if (changes === null) {
      this.#forgetPlaces(sessionStarts(this.column));
      this.forgetChanges();
      if (this.#of === "draft" && this.pinned === null) this.baseline = EMPTY;
    } else {
      const asked = this.#of === "draft" || this.pinned !== null || this.#awaited;
      this.changes = asked || changes.calls > 0 ? changes : null;
    }
  }

  /** An edit begins, and is compared with what is saved; or it is over. */
  #turn(of: Of, column: Uint8Array): void {
    this.#of = of;
    if (this.pinned !== null || (of === "saved" && this.#awaited)) return;
    this.#awaited = false;
    this.baseline = of === "draft" ? this.#saved : column;
  }

  #forgetPlaces(starts: Uint32Array): void {
    this.starts = starts;
    this.#sessionOf.clear();
    this.#blockOf = new Map();
  }

  async #edge(session: number, callInSession: number | null, by: 1 | -1): Promise<number> {
    const start = this.starts[await this.#find(session)] ?? this.column.length;
    if (callInSession !== null) return start + callInSession;
    return by === 1 ? start - 1 : start;
  }

  get #withoutCalls(): number {
    return Math.max(0, this.#sessions - this.starts.length);
  }

  /** `null` if it must be looked up first. */
  #blockIfKnown(session: number): number | null {
    return this.#blockOf.get(session) ?? (this.#withoutCalls === 0 ? session : null);
  }

  async #look(session: number): Promise<readonly [session: number, block: number]> {
    const block = await this.#find(session);
    const has = block < this.starts.length && (await this.#sessionAt(block)) === session;
    return [session, has ? block : NO_BLOCK];
  }

  /**
   * The block of a session, or of the next one that has calls. Sessions are numbered in order, and those
   * without calls have no block: it lies at most as many blocks earlier as there are such sessions.
   */
  async #find(session: number): Promise<number> {
    let low = Math.max(0, session - this.#withoutCalls);
    let high = Math.min(session, this.starts.length);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((await this.#sessionAt(middle)) < session) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #sessionAt(block: number): Promise<number> {
    const known = this.#sessionOf.get(block);
    if (known !== undefined) return known;
    const { session } = await this.place(this.starts[block] ?? 0);
    this.#sessionOf.set(block, session);
    return session;
  }
}
