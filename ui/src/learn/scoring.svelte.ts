// How well the verdicts agree with labels: which labels, how far the host is, and the figures.
//
// Not here: how figures are shown.

import type { ScoreGroup, ScoreView } from "../api/bindings";
import { call } from "../api/client";
import { Query } from "../api/query.svelte";
import type { LearnProgress } from "./learning.svelte";

/** By what the sessions are grouped. */
export type Grouping = "suites" | "kinds" | "tasks";

/** The name of the group that holds all sessions. */
export const ALL = "";

export class Scoring {
  readonly answer = new Query("score");
  labels = $state("");
  progress = $state.raw<LearnProgress | null>(null);
  /** Which judgement of what is saved was scored. */
  asked = $state<number | null>(null);
  grouping = $state<Grouping>("suites");
  /** The group whose table is looked at. */
  looked = $state(ALL);
  readonly score: ScoreView | null = $derived(
    this.answer.data && !this.answer.data.superseded ? this.answer.data : null,
  );
  readonly groups: readonly ScoreGroup[] = $derived(this.score?.[this.grouping] ?? []);
  readonly group: ScoreGroup | null = $derived.by(() => {
    if (!this.score) return null;
    const all = { name: ALL, figures: this.score.summary };
    return this.groups.find((one) => one.name === this.looked) ?? all;
  });

  /** Scores the saved workspace of judgement `settlement`. */
  async ask(settlement: number): Promise<void> {
    this.progress = null;
    this.asked = settlement;
    this.looked = ALL;
    await this.answer.ask({ labels: this.labels.trim() });
    this.progress = null;
  }

  /** The person no longer wants it: the host shall not go on. */
  async stop(): Promise<void> {
    this.answer.abandon();
    this.progress = null;
    await call("stop_learning", {}).catch(() => null);
  }

  clear(): void {
    this.answer.clear();
    this.labels = "";
    this.progress = null;
    this.asked = null;
    this.looked = ALL;
  }
}
