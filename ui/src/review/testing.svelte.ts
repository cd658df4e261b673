// The tests of what is shown: whether they hold, what they reach, and which mistakes nobody notices.
//
// Not here: how they are run; the host judges everything.

import type { MutantView, TestView, TestsView } from "../api/bindings";
import { call } from "../api/client";
import { Query } from "../api/query.svelte";

export type Part = "results" | "coverage" | "mistakes";

export interface TestProgress {
  readonly done: number;
  readonly total: number;
}

export class Testing {
  readonly answer = new Query("run_tests");
  part = $state<Part>("results");
  progress = $state.raw<TestProgress | null>(null);
  /** Whether mistakes are being tried. */
  mutating = $state(false);
  /** Which judgement of what is saved was tested. */
  asked = $state<number | null>(null);
  readonly view: TestsView | null = $derived(
    this.answer.data && !this.answer.data.superseded ? this.answer.data : null,
  );
  readonly wrong: readonly TestView[] = $derived(
    (this.view?.tests ?? []).filter((test) => test.outcome !== "passed"),
  );
  readonly unprotected: readonly MutantView[] = $derived(
    (this.view?.mutants ?? []).filter((one) => one.noticed === "nobody"),
  );

  /** Runs the tests of judgement `settlement`, unless that was done. */
  async ask(settlement: number): Promise<void> {
    if (this.asked !== settlement) await this.run(settlement, false);
  }

  async run(settlement: number, mutate: boolean): Promise<void> {
    this.asked = settlement;
    this.progress = null;
    this.mutating = mutate;
    await this.answer.ask({ mutate });
    this.progress = null;
    this.mutating = false;
  }

  /** The person no longer wants it: the host shall not go on. */
  async stop(): Promise<void> {
    this.answer.abandon();
    this.progress = null;
    this.mutating = false;
    await call("stop_learning", {}).catch(() => null);
  }

  clear(): void {
    this.answer.clear();
    this.progress = null;
    this.mutating = false;
    this.asked = null;
    this.part = "results";
  }
}
