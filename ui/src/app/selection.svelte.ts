// The session and step that the person looks at, why its call has its verdict, and ways to go on.
//
// Not here: where the selection is kept (`place`), and how anything is shown.

import type { Summary, Verdict } from "../api/bindings";
import { Query } from "../api/query.svelte";
import type { Corpus } from "../replay/corpus.svelte";
import type { SessionList } from "../session/sessions.svelte";
import type { Transcript } from "../session/transcript.svelte";
import { isFinding } from "../verdict/verdict";
import type { Place } from "./place.svelte";

export class Selection {
  /** The position of the selected call in the corpus. */
  position = $state<number | null>(null);
  readonly why = new Query("why");

  /** The policy to edit if the selected call should be judged otherwise. */
  readonly decidingPolicy = $derived.by(() => {
    const { guardrails, scope } = this.why.data ?? {};
    const deciding = guardrails?.allow && scope ? [scope, guardrails] : [guardrails, scope];
    return deciding.flatMap((decision) => decision?.reasons ?? [])[0] ?? null;
  });
  constructor(
    readonly place: Place,
    readonly sessions: SessionList,
    readonly transcript: Transcript,
    readonly corpus: Corpus,
  ) {}

  /** Goes to a session, and there to a step; without one, to its first finding. */
  async select(session: number, step: number | null = null): Promise<void> {
    const same = this.place.where.session === session;
    this.place.go({ session, step });
    if (same && this.transcript.view) {
      await this.explain();
      return;
    }
    this.why.clear();
    const view = await this.transcript.show(session);
    if (!view || this.place.where.session !== session) return;
    if (step === null) this.place.go({ step: firstFinding(view.calls) });
    await this.explain();
  }

  async selectStep(step: number): Promise<void> {
    this.place.go({ step });
    await this.explain();
  }

  async nextStep(by: 1 | -1): Promise<void> {
    const { step } = this.place.where;
    const to = step === null ? 0 : step + by;
    if (to >= 0 && to < (this.transcript.view?.steps ?? 0)) await this.selectStep(to);
  }

  /** Asks why for the selected step, or the call that it answers. */
  async explain(): Promise<void> {
    const { session, step } = this.place.where;
    const callStep = step === null ? null : this.transcript.callOf(step);
    if (session === null || callStep === null) {
      this.why.clear();
      return;
    }
    await Promise.all([this.why.ask({ session, step: callStep }), this.#locate(session, callStep)]);
  }

  /** Goes to the next call whose verdict the last edit changed. */
  async nextChange(): Promise<void> {
    const next = this.corpus.nextChange(this.position ?? -1);
    if (next !== null) await this.goToPosition(next);
  }

  /** Goes to the next finding, in this session or the ones after it. */
  async nextFinding(by: 1 | -1): Promise<void> {
    const { session, step } = this.place.where;
    const calls = this.transcript.view?.calls ?? [];
    const ahead = by === 1 ? calls : calls.toReversed();
    const here = ahead.find(
      (tick) => isFinding(tick.verdict) && (step === null || (tick.step - step) * by > 0),
    );
    if (here) return this.selectStep(here.step);
    const edge = by === 1 ? calls.length - 1 : 0;
    const found = await this.corpus.findingFrom(session, calls.length ? edge : null, by);
    if (found) await this.select(found.session, found.step);
  }

  async nextSession(by: 1 | -1): Promise<void> {
    const { session } = this.place.where;
    const at = session === null ? -1 : this.sessions.indexOf(session);
    const row = await this.sessions.pages.get((at ?? -1) + by);
    if (row) await this.select(row.session);
  }

  async goToPosition(position: number): Promise<void> {
    const found = await this.corpus.place(position);
    await this.select(found.session, found.step);
  }

  /** Brings the session in view up to date. */
  async again(session: number): Promise<void> {
    const view = await this.transcript.show(session);
    if (!view) return;
    const { step } = this.place.where;
    if (step === null) this.place.go({ step: firstFinding(view.calls) });
    await this.explain();
  }

  /** The first thing to see is the session with most findings, and why. */
  async first(): Promise<void> {
    const [worst] = this.sessions.pages.here().toSorted((a, b) => findings(b.summary) - findings(a.summary));
    if (worst) await this.select(worst.session);
  }

  clear(): void {
    this.why.clear();
    this.position = null;
  }

  async #locate(session: number, step: number): Promise<void> {
    const call = this.transcript.view?.calls.findIndex((tick) => tick.step === step) ?? -1;
    const position = call === -1 ? null : await this.corpus.positionOf(session, call).catch(() => null);
    if (this.place.where.session === session) this.position = position;
  }
}

const firstFinding = (calls: readonly { step: number; verdict: Verdict }[]): number | null =>
  (calls.find((tick) => isFinding(tick.verdict)) ?? calls[0])?.step ?? null;

const findings = (summary: Summary): number => summary.denied + summary.drifted;
