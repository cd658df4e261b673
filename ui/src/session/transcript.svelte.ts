// The session in view: its header and the windows of its steps.

import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { CallTick, SessionView, StepView } from "../api/bindings";
import { Pages, Query } from "../api/query.svelte";
import { call } from "../api/client";

const PAGE = 100;

export class Transcript {
  readonly header = new Query("session");
  /** Steps of which the person asked to see all. */
  readonly unfolded = new SvelteSet<number>();
  /** Whole texts of those of which only the start came with the page. */
  readonly whole = new SvelteMap<number, string>();
  #session: number | null = null;
  #view = { from: 0, to: 0 };

  readonly pages = new Pages<StepView>(PAGE, async (start, len) => {
    const page = await call("steps", { session: this.#session ?? 0, start, len });
    return { rows: page.steps, total: this.view?.steps ?? start + page.steps.length };
  });

  get view(): SessionView | null {
    return this.header.data;
  }

  readonly ticks: ReadonlyMap<number, CallTick> = $derived(
    new Map((this.header.data?.calls ?? []).map((tick) => [tick.step, tick])),
  );

  /** Shows a session; the same one again only brings its verdicts up to date. */
  async show(session: number): Promise<SessionView | null> {
    const same = session === this.#session;
    if (!same) this.close();
    this.#session = session;
    const view = await this.header.ask({ session });
    if (!view) return null;
    if (same) await this.pages.refresh(this.#view.from, this.#view.to);
    else this.look(0, PAGE - 1);
    return view;
  }

  /** The steps `from..=to` are in view. */
  look(from: number, to: number): void {
    this.#view = { from, to };
    if (this.view) this.pages.want(from, Math.min(to, this.view.steps - 1));
  }

  /** The call that a step is about: itself, or the call that it answers. */
  callOf(step: number): number | null {
    if (this.ticks.has(step)) return step;
    const body = this.pages.at(step)?.body;
    return body?.kind === "result" ? body.call : null;
  }

  /** Shows all of a step, or its beginning again; `more` says that the rest is still with the host. */
  async unfold(step: number, more: boolean): Promise<void> {
    if (this.unfolded.delete(step)) return;
    const session = this.#session;
    if (more && session !== null && !this.whole.has(step)) {
      const reply = await call("step_text", { session, step }).catch(() => null);
      if (reply && session === this.#session) this.whole.set(step, reply.text);
    }
    this.unfolded.add(step);
  }

  close(): void {
    this.unfolded.clear();
    this.whole.clear();
    this.#session = null;
    this.#view = { from: 0, to: 0 };
    this.header.clear();
    this.pages.clear();
  }
}
