// The session list: windows of rows that match a filter.

import type { SessionRow, SkippedFile, Verdict } from "../api/bindings";
import { Pages } from "../api/query.svelte";
import { call } from "../api/client";

/** A little more than a tall window shows: what is read again after every judgement of a draft. */
const PAGE = 50;

export class SessionList {
  text = $state("");
  verdict = $state<Verdict | null>(null);
  skipped = $state.raw<readonly SkippedFile[]>([]);
  loaded = $state(false);
  #view = $state.raw({ from: 0, to: 0 });

  readonly pages = new Pages<SessionRow>(PAGE, async (start, len) => {
    const page = await call("sessions", { start, len, text: this.text, verdict: this.verdict });
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

  filter(text: string, verdict: Verdict | null): Promise<void> {
    this.text = text;
    this.verdict = verdict;
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
    this.text = "";
    this.verdict = null;
  }
}
