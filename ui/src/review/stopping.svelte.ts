// What would have stopped the selected call, and what else it would have stopped.
//
// Not here: how rules are drafted and judged (the host does that), and how files are written.

import type { StopRuleView } from "../api/bindings";
import { call } from "../api/client";
import { Query } from "../api/query.svelte";

export class Stopping {
  readonly answer = new Query("stop_rules");
  /** The call that was asked about. */
  asked = $state.raw<{ readonly session: number; readonly step: number } | null>(null);
  /** The rules that were accepted, by their ids. */
  accepted = $state.raw<readonly string[]>([]);

  /** The rules for a call, if it is the one that was asked about. */
  of(session: number | null, step: number | null): readonly StopRuleView[] | null {
    if (this.asked === null || this.asked.session !== session || this.asked.step !== step) return null;
    return this.answer.data && !this.answer.data.superseded ? this.answer.data.rules : null;
  }

  isAbout(session: number | null, step: number | null): boolean {
    return this.asked !== null && this.asked.session === session && this.asked.step === step;
  }

  async ask(session: number, step: number): Promise<void> {
    this.asked = { session, step };
    this.accepted = [];
    this.answer.clear();
    await this.answer.ask({ session, step });
  }

  async stop(): Promise<void> {
    this.answer.abandon();
    this.asked = null;
    await call("stop_learning", {}).catch(() => null);
  }

  clear(): void {
    this.answer.clear();
    this.asked = null;
    this.accepted = [];
  }
}
