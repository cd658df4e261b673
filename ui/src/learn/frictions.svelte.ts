// What tasks need and guardrails deny: asked once for each judgement of what is saved.
//
// Not here: how it is found, and what a change of the guardrails means; the host judges that.

import { call } from "../api/client";
import { Query } from "../api/query.svelte";
import type { LearnProgress } from "./learning.svelte";

export class Frictions {
  readonly answer = new Query("friction");
  progress = $state.raw<LearnProgress | null>(null);
  #asked: number | null = null;

  /** Asks for those of judgement `settlement`, unless they are there already. */
  async ask(settlement: number, again = false): Promise<void> {
    if (this.#asked === settlement && !again) return;
    this.#asked = settlement;
    this.progress = null;
    await this.answer.ask({});
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
    this.progress = null;
    this.#asked = null;
  }
}
