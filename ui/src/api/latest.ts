// Work that is asked for faster than it is done.
//
// Promises: one piece of work at a time; while it runs only the newest request waits, never a queue.

export class Latest<T> {
  #running: Promise<void> | null = null;
  #next: { readonly request: T } | null = null;

  constructor(readonly work: (request: T) => Promise<void>) {}

  /** Whether a newer request waits for the one that runs. */
  get overtaken(): boolean {
    return this.#next !== null;
  }

  /** Resolves when nothing runs and nothing waits. */
  run(request: T): Promise<void> {
    this.#next = { request };
    this.#running ??= this.#drain().finally(() => (this.#running = null));
    return this.#running;
  }

  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#next = null;
  }

  async #drain(): Promise<void> {
    for (let next = this.#next; next; next = this.#next) {
      this.#next = null;
      await this.work(next.request);
    }
  }
}
