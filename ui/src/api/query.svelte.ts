// What the host answered, kept while a newer answer is on its way.
//
// Promises: an answer that was overtaken by a later question is thrown away, and the last good
// answer stays in view until the next one arrives, so panes keep their place while verdicts refresh.
// Not here: what to ask, and when.

import type { Commands, ErrorDto } from "./bindings";
import type { CommandName } from "../host/host";
import { asError, call } from "./client";

/** One command asked again and again: the newest answer, and what went wrong. */
export class Query<C extends CommandName> {
  data = $state.raw<Commands[C][1] | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  loading = $state(false);
  #asked = 0;

  constructor(readonly command: C) {}

  async ask(request: Commands[C][0]): Promise<Commands[C][1] | null> {
    const mine = ++this.#asked;
    this.loading = true;
    try {
      const answer = await call(this.command, request);
      if (mine !== this.#asked) return null;
      this.data = answer;
      this.error = null;
      return answer;
    } catch (thrown) {
      if (mine === this.#asked) this.error = asError(thrown);
      return null;
    } finally {
      if (mine === this.#asked) this.loading = false;
    }
  }

  /** Throws away the answer that is still to come; the last one stays. */
  abandon(): void {
    this.#asked++;
    this.loading = false;
  }

  /** Forgets the answer, and any that is still to come. */
  clear(): void {
    this.abandon();
    this.data = null;
    this.error = null;
  }
}

/** Rows that are read in windows as they come into view. */
export class Pages<Row> {
  total = $state(0);
  error = $state.raw<ErrorDto | null>(null);
  #rows = $state.raw<ReadonlyMap<number, readonly Row[]>>(new Map());
  #pending = new Set<number>();
  #epoch = 0;

  constructor(
    readonly size: number,
    readonly read: (start: number, len: number) => Promise<{ rows: readonly Row[]; total: number }>,
  ) {}

  at(index: number): Row | undefined {
    return this.#rows.get(Math.floor(index / this.size))?.[index % this.size];
  }

  /** The rows that are here, in no promised order. */
  here(): Row[] {
    return [...this.#rows.values()].flat();
  }

  /** The row at `index`, read first if it is not here yet. */
  async get(index: number): Promise<Row | undefined> {
    const page = Math.floor(index / this.size);
    if (index >= 0 && index < this.total && !this.#rows.has(page)) await this.#load(page);
    return this.at(index);
  }

  /** Where the first row is that `matches`, among those that are here. */
  find(matches: (row: Row) => boolean): number | null {
    for (const [page, rows] of this.#rows) {
      const at = rows.findIndex(matches);
      if (at !== -1) return page * this.size + at;
    }
    return null;
  }

  /** Reads what is not here yet of the rows `from..=to`. */
  want(from: number, to: number): void {
    const last = Math.floor(Math.max(from, to) / this.size);
    for (let page = Math.floor(Math.max(0, from) / this.size); page <= last; page++) {
      if (!this.#rows.has(page) && !this.#pending.has(page)) void this.#load(page);
    }
  }

  /** Reads again what is in view, and keeps showing the old rows until the new ones are here. */
  async refresh(from: number, to: number): Promise<void> {
    this.#epoch++;
    this.#pending.clear();
    const [first, last] = [Math.floor(from / this.size), Math.floor(Math.max(from, to) / this.size)];
    const pages = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
    const epoch = this.#epoch;
    const loaded = await Promise.all(pages.map((page) => this.#fetch(page, epoch)));
    if (epoch !== this.#epoch) return;
    const kept = loaded.flatMap((rows, at) => (rows ? [[first + at, rows] as const] : []));
    this.#rows = new Map(kept);
  }

  /** Forgets everything. */
  clear(): void {
    this.#epoch++;
    this.#pending.clear();
    this.#rows = new Map();
    this.total = 0;
    this.error = null;
  }

  async #load(page: number): Promise<void> {
    this.#pending.add(page);
    const epoch = this.#epoch;
    const rows = await this.#fetch(page, epoch);
    if (epoch !== this.#epoch) return;
    this.#pending.delete(page);
    if (rows) this.#rows = new Map(this.#rows).set(page, rows);
  }

  async #fetch(page: number, epoch: number): Promise<readonly Row[] | null> {
    try {
      const { rows, total } = await this.read(page * this.size, this.size);
      if (epoch !== this.#epoch) return null;
      this.total = total;
      this.error = null;
      return rows;
    } catch (thrown) {
      if (epoch === this.#epoch) this.error = asError(thrown);
      return null;
    }
  }
}
