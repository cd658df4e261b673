// What the host's editor services do in the editor of one document: what is known at the cursor, where it
// is named, what it could be called, what mends a finding.
//
// Promises: an answer to a text that has changed meanwhile does nothing. Not here: any knowledge of Cedar.

import type { EditorView } from "@codemirror/view";
import type { Commands, ErrorDto, QuickFixView, TextEdit } from "../api/bindings";
import { asError, call } from "../api/client";
import { T } from "../strings";
import type { Knowledge } from "./completion";
import type { Document, Documents } from "./documents.svelte";
import type { Files } from "./files.svelte";

/** Something to choose from, below the text. */
export interface Choice {
  readonly title: string;
  readonly note: string;
  run(): void;
}

export interface Choices {
  readonly title: string;
  readonly items: readonly Choice[];
}

/** What is about to get another name. */
export interface Naming {
  readonly at: number;
  readonly name: string;
  readonly what: string;
}

export class Services implements Knowledge {
  choices = $state.raw<Choices | null>(null);
  naming = $state.raw<Naming | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  /** What mends each finding, by its kind and place. */
  fixes = $state.raw<readonly QuickFixView[]>([]);
  view: EditorView | null = null;

  constructor(
    readonly document: Document,
    readonly documents: Documents,
    readonly files: Files,
    readonly go: (path: string, from: number) => void,
  ) {}

  async complete(at: number) {
    return (await call("complete", this.#place(at))).items;
  }

  async hover(at: number) {
    return (await call("hover", this.#place(at)).catch(() => ({ hover: null }))).hover;
  }

  /** Reads what mends the findings of the text as it is. */
  async readFixes(text: string): Promise<readonly QuickFixView[]> {
    const { path } = this.document;
    const request = { drafts: this.#drafts(), path, from: 0, to: text.length };
    const { fixes } = await call("quick_fixes", request).catch(() => ({ fixes: [] }));
    if (this.document.text === text) this.fixes = fixes;
    return fixes;
  }

  async toDefinition(): Promise<void> {
    const found = await this.#at("definition");
    const [first, ...others] = found?.places ?? [];
    if (first && others.length === 0) this.go(first.path, first.from);
    else if (found) this.#offer(T.definitions, found.places);
  }

  async toReferences(): Promise<void> {
    const found = await this.#at("references");
    if (found) this.#offer(T.references(found.places.length), found.places);
  }

  async toOutline(): Promise<void> {
    const { path, text } = this.document;
    const { items } = await call("outline", { path, text });
    const choice = ({ name, detail, nameFrom }: (typeof items)[number]): Choice => ({
      title: name,
      note: detail ?? "",
      run: () => this.go(path, nameFrom),
    });
    this.choices = { title: T.outline, items: items.map(choice) };
  }

  /** Offers what mends the findings at the cursor, or does it if there is no doubt. */
  async mend(): Promise<void> {
    const text = this.document.text;
    const at = this.#cursor();
    const fixes = await this.readFixes(text);
    const line = this.view?.state.doc.lineAt(at);
    const here = fixes.filter((fix) => fix.from <= at && at <= fix.to);
    const near = line ? fixes.filter((fix) => fix.from <= line.to && fix.to >= line.from) : [];
    const offered = here.length > 0 ? here : near.length > 0 ? near : fixes;
    const choice = (fix: QuickFixView): Choice => ({
      title: fix.title,
      note: fix.isPreferred ? T.likely : "",
      run: () => void this.apply(fix),
    });
    this.choices = { title: T.fixes, items: offered.map(choice) };
  }

  apply(fix: QuickFixView): Promise<void> {
    return this.#edit(fix.title.replaceAll("`", ""), fix.edits);
  }

  async beginRename(): Promise<void> {
    const found = await this.#at("renaming");
    if (found) this.naming = { at: found.from, name: found.name, what: found.what };
  }

  async rename(name: string): Promise<void> {
    const { naming } = this;
    this.naming = null;
    if (!naming || name === naming.name) return;
    try {
      const { edits } = await call("rename", { ...this.#place(naming.at), name });
      await this.#edit(T.renamed(naming.name, name), edits);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }

  /** The editor's text again, with the focus in it. */
  leave(): void {
    this.choices = null;
    this.naming = null;
    this.view?.focus();
  }

  async #edit(title: string, edits: readonly TextEdit[]): Promise<void> {
    this.choices = null;
    await this.files.edit(title, edits);
    this.view?.focus();
  }

  #offer(title: string, places: Commands["references"][1]["places"]): void {
    const items = places.map(({ path, from, line, excerpt }) => ({
      title: excerpt.trim().replaceAll("`", "'"),
      note: `${path}:${line}`,
      run: () => this.go(path, from),
    }));
    this.choices = { title, items };
  }

  /** `null` if the host refuses, or the text has changed meanwhile. */
  async #at<C extends "definition" | "references" | "renaming">(command: C): Promise<Commands[C][1] | null> {
    const { text } = this.document;
    this.error = null;
    try {
      const answer = await call<"definition" | "references" | "renaming">(
        command,
        this.#place(this.#cursor()),
      );
      return this.document.text === text ? (answer as Commands[C][1]) : null;
    } catch (thrown) {
      this.error = asError(thrown);
      return null;
    }
  }

  #place(at: number) {
    return { drafts: this.#drafts(), path: this.document.path, at };
  }

  #drafts() {
    return this.documents.unsaved.map(({ path, text }) => ({ path, text }));
  }

  #cursor(): number {
    return this.view?.state.selection.main.head ?? 0;
  }
}
