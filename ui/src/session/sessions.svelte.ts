// The session list: windows of rows that match a filter.

import type { DriftSeverity, SessionRow, SkippedFile, Verdict } from "../api/bindings";
import { Pages } from "../api/query.svelte";
import { call } from "../api/client";

/** A little more than a tall window shows: what is read again after every judgement of a draft. */
const PAGE = 50;

/** Which sessions the list holds. */
export interface Filter {
  readonly text: string;
  readonly verdict: Verdict | null;
  /** Only drifts of this gravity. */
  readonly severity: DriftSeverity | null;
}

const EVERYTHING: Filter = { text: "", verdict: null, severity: null };

export const isSame = (a: Filter, b: Filter): boolean =>
  a.text === b.text && a.verdict === b.verdict && a.severity === b.severity;

export class SessionList {
  by = $state.raw(EVERYTHING);
  skipped = $state.raw<readonly SkippedFile[]>([]);
  loaded = $state(false);
  #view = $state.raw({ from: 0, to: 0 });

  readonly pages = new Pages<SessionRow>(PAGE, async (start, len) => {
    const page = await call("sessions", { start, len, ...this.by });
    this.skipped = page.skipped;
    this.loaded = true;
    return page;
  });

  /** The sessions in view, as far as their rows are here. */
  readonly inView: readonly number[] = $derived.by(() => {
    const { from, to } = this.#view;
    const rows = Array.from({ length: to - from + 1 }, (_, at) => this.pages.at(from + at));
    return rows.flatMap((row) => (row ? [row.session] : []));
  });

  /** The rows `from..=to` are in view. */
  look(from: number, to: number): void {
    this.#view = { from, to };
    this.pages.want(from, to);
  }

  refresh(): Promise<void> {
    return this.pages.refresh(this.#view.from, this.#view.to);
  }

  filter(by: Filter): Promise<void> {
    this.by = by;
    this.#view = { from: 0, to: 0 };
    return this.refresh();
  }

  /** Where a session stands in the list, if its row is here. */
  indexOf(session: number): number | null {
    return this.pages.find((row) => row.session === session);
  }

  clear(): void {
    this.pages.clear();
    this.loaded = false;
    this.skipped = [];
    this.by = EVERYTHING;
  }
}
