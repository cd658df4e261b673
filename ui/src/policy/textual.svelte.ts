// The files whose text differs from the baseline, and both texts of the one that is looked at.
//
// Against the last save these are the unsaved ones; against a revision, what git says, and unsaved text
// on top of it. Not here: what the difference means for verdicts.

import type { ErrorDto } from "../api/bindings";
import { asError, call } from "../api/client";
import type { Documents } from "./documents.svelte";
import type { Git } from "./git.svelte";

/** Both texts of a file; empty where it was not, or is no longer there. */
export interface Texts {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export class Textual {
  paths = $state.raw<readonly string[]>([]);
  texts = $state.raw<Texts | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  #asked = 0;

  constructor(
    readonly documents: Documents,
    readonly git: Git,
  ) {}

  /** Lists the files that differ, and reads the one to look at: `wanted`, if it is among them. */
  async look(revision: string | null, wanted: string | null): Promise<void> {
    const mine = ++this.#asked;
    try {
      const paths = await this.#differing(revision);
      const path = paths.find((one) => one === wanted) ?? paths[0];
      const texts = path === undefined ? null : await this.#both(path, revision);
      if (mine !== this.#asked) return;
      this.paths = paths;
      this.texts = texts;
      this.error = null;
    } catch (thrown) {
      if (mine === this.#asked) this.error = asError(thrown);
    }
  }

  async #differing(revision: string | null): Promise<string[]> {
    const unsaved = this.documents.unsaved.map((one) => one.path);
    const changed = revision === null ? [] : await this.git.against(revision);
    return [...new Set([...unsaved, ...changed.map((one) => one.path)])].toSorted();
  }

  async #both(path: string, revision: string | null): Promise<Texts> {
    const document = this.documents.find(path);
    const onDisk = async () => (await call("read_file", { path }).catch(() => null))?.text ?? "";
    const after = document ? document.text : await onDisk();
    if (revision === null) return { path, before: document?.base.text ?? after, after };
    const was = await call("read_file_at", { path, revision });
    return { path, before: was.text ?? "", after };
  }
}
