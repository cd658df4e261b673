// Calls that the person picked to make a policy of, in one session or in several.
//
// Promises: a pick stays until it is taken back or the recordings are others, whatever is looked at
// meanwhile. Not here: how a pick looks, and what becomes of the calls.

import { SvelteMap } from "svelte/reactivity";
import type { Corpus } from "../replay/corpus.svelte";
import type { Transcript } from "../session/transcript.svelte";
import type { Place } from "./place.svelte";
import type { Selection } from "./selection.svelte";

/** Where a picked call is. */
interface Pick {
  readonly session: number;
  readonly step: number;
}

export class Picked {
  /** By position in the corpus. */
  readonly calls = new SvelteMap<number, Pick>();
  /** Where a range begins. */
  #anchor: Pick | null = null;
  readonly steps: ReadonlySet<number> = $derived.by(() => {
    const { session } = this.place.where;
    return new Set([...this.calls.values()].flatMap((one) => (one.session === session ? [one.step] : [])));
  });

  constructor(
    readonly place: Place,
    readonly transcript: Transcript,
    readonly corpus: Corpus,
    readonly selection: Selection,
  ) {}

  get positions(): readonly number[] {
    return [...this.calls.keys()].toSorted((a, b) => a - b);
  }

  get sessions(): number {
    return new Set([...this.calls.values()].map(({ session }) => session)).size;
  }

  /** Picks a call, or takes the pick back. The first pick takes the selected call along, as lists do. */
  async toggle(step: number): Promise<void> {
    const { session, step: selected } = this.place.where;
    const call = this.transcript.callOf(step);
    if (session === null || call === null) return;
    const already = selected === null ? null : this.transcript.callOf(selected);
    if (this.calls.size === 0 && already !== null && already !== call) await this.#pick(session, [already]);
    const position = await this.#position(session, call);
    if (position === null) return;
    this.#anchor = { session, step: call };
    if (!this.calls.delete(position)) this.calls.set(position, { session, step: call });
  }

  /** Picks all calls from the last pick, or the selected step, to this one. */
  async extendTo(step: number): Promise<void> {
    const { session, step: selected } = this.place.where;
    if (session === null) return;
    const from = this.#anchor?.session === session ? this.#anchor.step : (selected ?? step);
    this.#anchor = { session, step: from };
    const [first, last] = [Math.min(from, step), Math.max(from, step)];
    const calls = this.transcript.view?.calls.map((tick) => tick.step) ?? [];
    await this.#pick(
      session,
      calls.filter((call) => call >= first && call <= last),
    );
  }

  /** Picks the selected call and the next one, and goes there: at once, since keys come fast. */
  async extendBy(by: 1 | -1): Promise<void> {
    const { session, step } = this.place.where;
    const calls = this.transcript.view?.calls.map((tick) => tick.step) ?? [];
    const ahead = by === 1 ? calls : calls.toReversed();
    const next = ahead.find((call) => step === null || (call - step) * by > 0);
    if (session === null || next === undefined) return;
    if (this.#anchor?.session !== session) this.#anchor = { session, step: step ?? next };
    await Promise.all([this.selection.selectStep(next), this.extendTo(next)]);
  }

  clear(): void {
    this.calls.clear();
    this.#anchor = null;
  }

  async #pick(session: number, steps: readonly number[]): Promise<void> {
    for (const step of steps) {
      const position = await this.#position(session, step);
      if (position !== null) this.calls.set(position, { session, step });
    }
  }

  async #position(session: number, step: number): Promise<number | null> {
    const call = this.transcript.view?.calls.findIndex((tick) => tick.step === step) ?? -1;
    return call === -1 ? null : this.corpus.positionOf(session, call).catch(() => null);
  }
}
