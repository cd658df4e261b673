// The schema at the desk: which recorded calls do not fit it, what an unsaved text of it would do to the
// policies, and texts with other tools.
//
// Promises: everything is about the text in the editor, and nothing is saved; a fix that was offered for
// another text does nothing. What was done is undone like any other change of texts. Not here: which call
// fits, and what a tool list becomes (the host says that).

import type { ErrorDto, SchemaFixView, SchemaSource } from "../api/bindings";
import { asError, call } from "../api/client";
import { Query } from "../api/query.svelte";
import type { Document, Documents } from "../policy/documents.svelte";
import type { Files } from "../policy/files.svelte";
import { T } from "../strings";

export const SCHEMA = "schema.cedarschema";

export class SchemaDesk {
  readonly misfits = new Query("schema_misfits");
  readonly effects = new Query("schema_effects");
  error = $state.raw<ErrorDto | null>(null);
  /** What the author should know of what was made. */
  notes = $state.raw<readonly string[]>([]);
  making = $state(false);
  /** The text that the answer in view is about; `null`: the saved one. */
  #asked: string | null = null;
  #mending = false;

  constructor(
    readonly documents: Documents,
    readonly files: Files,
  ) {}

  get document(): Document | null {
    return this.documents.find(SCHEMA) ?? null;
  }

  /** The unsaved text, if there is one. */
  get draft(): string | null {
    const { document } = this;
    return document?.dirty ? document.text : null;
  }

  async ask(): Promise<void> {
    const text = this.draft;
    if (text === null) this.effects.clear();
    else void this.effects.ask({ path: SCHEMA, text });
    const answer = await this.misfits.ask({ text });
    if (answer) this.#asked = text;
  }

  /** Makes the calls of a group fit, in the draft. */
  async mend({ title, edit }: SchemaFixView): Promise<void> {
    if (this.#mending || this.draft !== this.#asked) return;
    this.#mending = true;
    await this.files.edit(title.replaceAll("`", ""), [edit]);
    this.#mending = false;
  }

  /** Puts a schema with other tools into the draft. */
  async make(from: SchemaSource): Promise<void> {
    this.error = null;
    this.notes = [];
    this.making = true;
    const before = this.draft;
    try {
      const { text, notes } = await call("make_schema", { text: before, from });
      // Who typed meanwhile would lose it.
      if (this.draft === before) await this.#put(text);
      this.notes = notes;
    } catch (thrown) {
      this.error = asError(thrown);
    } finally {
      this.making = false;
    }
  }

  clear(): void {
    this.misfits.clear();
    this.effects.clear();
    this.error = null;
    this.notes = [];
  }

  async #put(text: string): Promise<void> {
    const document = await this.documents.hold(SCHEMA);
    if (!document) return this.documents.propose(SCHEMA, text);
    if (document.text === text) return;
    await this.files.edit(T.otherTools, [{ path: SCHEMA, from: 0, to: document.text.length, text }]);
  }
}

/** The servers that a schema has groups for. */
export const serversIn = (schema: string): string[] =>
  [...new Set([...schema.matchAll(/"server:((?:[^"\\]|\\.)+)"/g)].map(([, name]) => name ?? ""))].toSorted();

/** What a tool list's file says about whose it is. */
export const serverOf = (path: string): string =>
  (path.split(/[/\\]/).at(-1) ?? path).replace(/\.json$/i, "").replace(/\.tools$/i, "");
