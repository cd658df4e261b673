// Looks for steps in all recorded sessions.
//
// Not here: how they are found (the host does that), and where the person goes then.

import type { SearchView } from "../api/bindings";
import { call } from "../api/client";
import { Query } from "../api/query.svelte";
import type { TestProgress } from "./testing.svelte";

export class Searching {
  readonly answer = new Query("search");
  query = $state("");
  progress = $state.raw<TestProgress | null>(null);
  /** What was looked for last. */
  asked = $state("");
  readonly view: SearchView | null = $derived(
    this.answer.data && !this.answer.data.superseded ? this.answer.data : null,
  );

  async search(): Promise<void> {
    const query = this.query.trim();
    if (query === "") return;
    this.asked = query;
    this.progress = null;
    await this.answer.ask({ query });
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
    this.query = "";
    this.asked = "";
    this.progress = null;
  }
}
