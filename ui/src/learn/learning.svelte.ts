// Scopes that good sessions teach: what is asked, how far the host is, and what it proposes.
//
// Promises: nothing is written or judged here; a proposal stays in view until the next one is there.
// Not here: what a proposal looks like, and how it becomes a draft (`policy/documents`).

import type { AppEvent, LearnAnswer, LearntScope, ToolAnswer } from "../api/bindings";
import { call } from "../api/client";
import { Query } from "../api/query.svelte";

/** How far the host is: first the recordings are read, then the tasks are done. */
export type LearnProgress = Extract<AppEvent, { event: "learnProgress" }>;

/** What is learnt from, as the person chose it. */
export interface Choice {
  /** Empty: every task. */
  readonly task: string;
  readonly every: boolean;
  /** Empty: all of them. */
  readonly runs: string;
  readonly labels: string;
}

export class Learning {
  readonly answer = new Query("learn");
  choice = $state.raw<Choice>({ task: "", every: false, runs: "", labels: "" });
  progress = $state.raw<LearnProgress | null>(null);
  /** The task whose proposal is looked at. */
  looked = $state<string | null>(null);
  /** What the person says about tools. */
  answers = $state.raw<readonly LearnAnswer[]>([]);
  /** Which judgement of what is saved the proposals are older than, if they are. */
  asked = $state<number | null>(null);
  readonly scopes: readonly LearntScope[] = $derived(this.answer.data?.scopes ?? []);
  readonly scope: LearntScope | null = $derived(
    this.scopes.find((one) => one.task === this.looked) ?? this.scopes[0] ?? null,
  );

  /** Learns from the saved workspace of judgement `settlement`. */
  async learn(settlement: number): Promise<void> {
    const { task, every, runs, labels } = this.choice;
    this.progress = null;
    this.asked = settlement;
    await this.answer.ask({
      task: task.trim() || null,
      all: every,
      runs: wholeNumber(runs),
      labels: labels.trim() || null,
      answers: [...this.answers],
    });
    this.progress = null;
  }

  /** Says something about a tool of a task, or takes it back; learn again to see what becomes of it. */
  say(task: string, action: string, answer: ToolAnswer | null): void {
    const others = this.answers.filter((said) => said.task !== task || said.action !== action);
    this.answers = answer === null ? others : [...others, { task, action, answer }];
  }

  said(task: string, action: string): ToolAnswer | null {
    return this.answers.find((said) => said.task === task && said.action === action)?.answer ?? null;
  }

  /** The person no longer wants it: the host shall not go on. */
  async stop(): Promise<void> {
    this.answer.abandon();
    this.progress = null;
    await call("stop_learning", {}).catch(() => null);
  }

  clear(): void {
    this.answer.clear();
    this.progress = null;
    this.looked = null;
    this.answers = [];
    this.asked = null;
  }
}

/** Whether what stands in the field is no number of sessions. */
export const isOddCount = (text: string): boolean => text.trim() !== "" && wholeNumber(text) === null;

function wholeNumber(text: string): number | null {
  const trimmed = text.trim();
  return /^[1-9]\d{0,6}$/.test(trimmed) ? Number(trimmed) : null;
}
