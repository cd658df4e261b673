// What a person does with files as a whole: made, renamed, removed, and taken back again.
//
// Promises: nothing is lost without a way back, unsaved text included; a step that somebody else made
// impossible says so and stays undone. Not here: how a file is written (the host does that).

import type { ErrorDto, FileEdit, FilesEdited, TextEdit } from "../api/bindings";
import { asError, call } from "../api/client";
import type { Documents, Saves } from "./documents.svelte";

interface Texts {
  readonly before: string;
  readonly after: string;
}

/** Something that was done to files, and what takes it back. */
export interface Step {
  readonly title: string;
  readonly edits: readonly FileEdit[];
  /** Text that was unsaved, by the path where it belongs once the step is taken back. */
  readonly unsaved: ReadonlyMap<string, string>;
  /** Texts of files that stay what they are: what each said, and says now. */
  readonly texts: ReadonlyMap<string, Texts>;
  /** The file to look at once the step is taken back. */
  readonly show: string | null;
}

const NOTHING: ReadonlyMap<string, string> = new Map();
const NO_TEXTS: ReadonlyMap<string, Texts> = new Map();

export class Files {
  error = $state.raw<ErrorDto | null>(null);
  /** What was done last, until the person has seen it. */
  told = $state.raw<Step | null>(null);
  #done = $state.raw<readonly Step[]>([]);
  #undone = $state.raw<readonly Step[]>([]);

  constructor(
    readonly documents: Documents,
    readonly saves: Saves,
  ) {}

  /** What undo would take back, and redo would do again. */
  get next(): { readonly undo: Step | null; readonly redo: Step | null } {
    return { undo: this.#done.at(-1) ?? null, redo: this.#undone.at(-1) ?? null };
  }

  clear(): void {
    this.#done = [];
    this.#undone = [];
    this.told = null;
    this.error = null;
  }

  /** Makes a file, and opens it. */
  async make(path: string, text: string): Promise<boolean> {
    const undo = await this.#edit([{ path, base: null, text }]);
    if (!undo) return false;
    this.#did({ title: `Made ${path}`, edits: undo, unsaved: NOTHING, texts: NO_TEXTS, show: null });
    await this.documents.show(path);
    return true;
  }

  /** Writes several files at once; what is open of them shows what is there then. */
  async write(title: string, edits: readonly FileEdit[]): Promise<boolean> {
    const undo = await this.#edit(edits);
    if (!undo) return false;
    await this.documents.changedOnDisk(edits.map(({ path }) => path));
    this.#did({ title, edits: undo, unsaved: NOTHING, texts: NO_TEXTS, show: null });
    return true;
  }

  async rename(from: string, to: string): Promise<boolean> {
    if (from === to) return true;
    const file = await this.#read(from);
    if (!file) return false;
    const document = this.documents.find(from);
    const unsaved = document?.dirty ? document.text : null;
    const wasOpen = document !== undefined && this.documents.open.includes(document);
    const undo = await this.#edit([
      { path: from, base: file.digest, text: null },
      { path: to, base: null, text: file.text },
    ]);
    if (!undo) return false;
    this.documents.drop(from);
    if (wasOpen || unsaved !== null) await this.#show(to, unsaved);
    const kept = unsaved === null ? NOTHING : new Map([[from, unsaved]]);
    this.#did({ title: `Renamed ${from} to ${to}`, edits: undo, unsaved: kept, texts: NO_TEXTS, show: from });
    return true;
  }

  async remove(path: string): Promise<boolean> {
    const file = await this.#read(path);
    if (!file) return false;
    const document = this.documents.find(path);
    const unsaved = document?.dirty ? new Map([[path, document.text]]) : NOTHING;
    const undo = await this.#edit([{ path, base: file.digest, text: null }]);
    if (!undo) return false;
    this.documents.drop(path);
    this.#did({ title: `Removed ${path}`, edits: undo, unsaved, texts: NO_TEXTS, show: path });
    return true;
  }

  /** Changes texts of several files at once; they stay unsaved, and are taken back at once. */
  async edit(title: string, edits: readonly TextEdit[]): Promise<void> {
    this.error = null;
    const texts = new Map<string, Texts>();
    const front = this.documents.current?.path ?? null;
    for (const path of new Set(edits.map((one) => one.path))) {
      await this.documents.show(path);
      const before = this.documents.find(path)?.text;
      if (before === undefined) return;
      texts.set(path, {
        before,
        after: edited(
          before,
          edits.filter((one) => one.path === path),
        ),
      });
    }
    for (const [path, { after }] of texts) this.documents.find(path)?.replace(after);
    if (front !== null) await this.documents.show(front);
    if (texts.size > 0) this.#did({ title, edits: [], unsaved: NOTHING, texts, show: null });
  }

  async undo(): Promise<void> {
    const step = this.#done.at(-1);
    const redo = step && (await this.#take(step));
    if (!step || !redo) return;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, { ...step, edits: redo, texts: turned(step.texts) }];
    this.told = null;
  }

  async redo(): Promise<void> {
    const step = this.#undone.at(-1);
    const undo = step && (await this.#take({ ...step, unsaved: NOTHING, show: null }));
    if (!step || !undo) return;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, { ...step, edits: undo, texts: turned(step.texts) }];
    this.told = step;
  }

  #did(step: Step): void {
    this.#done = [...this.#done, step];
    this.#undone = [];
    this.told = step;
  }

  async #take({ edits, unsaved, texts, show }: Step): Promise<readonly FileEdit[] | null> {
    const open = this.documents.current?.path ?? null;
    if (texts.size > 0) return this.#putBack(texts);
    const back = await this.#edit(edits);
    if (!back) return null;
    for (const { path, text } of edits) if (text === null) this.documents.drop(path);
    for (const [path, text] of unsaved) await this.#show(path, text);
    if (show !== null && unsaved.size === 0 && (open === null || !this.documents.find(open)))
      await this.documents.show(show);
    return back;
  }

  /** A text that was edited since is not touched, and then none is. */
  async #putBack(texts: ReadonlyMap<string, Texts>): Promise<readonly FileEdit[] | null> {
    const front = this.documents.current?.path ?? null;
    for (const [path, { after }] of texts) {
      await this.documents.show(path);
      if (this.documents.find(path)?.text === after) continue;
      const help = "undo what you wrote there first, with the cursor in that file";
      this.error = { code: "conflict", message: `\`${path}\` was edited since`, help };
      return null;
    }
    for (const [path, { before }] of texts) this.documents.find(path)?.replace(before);
    if (front !== null) await this.documents.show(front);
    return [];
  }

  /** `null` if the host refuses; why is in `error`. */
  async #edit(edits: readonly FileEdit[]): Promise<readonly FileEdit[] | null> {
    this.error = null;
    this.saves.before();
    try {
      const edited: FilesEdited = await call("edit_files", { edits: [...edits] });
      await this.saves.done(edited.workspace);
      return edited.undo;
    } catch (thrown) {
      this.error = asError(thrown);
      return null;
    }
  }

  async #read(path: string): Promise<{ readonly text: string; readonly digest: string } | null> {
    try {
      return await call("read_file", { path });
    } catch (thrown) {
      this.error = asError(thrown);
      return null;
    }
  }

  async #show(path: string, unsaved: string | null): Promise<void> {
    await this.documents.show(path);
    if (unsaved !== null) this.documents.find(path)?.replace(unsaved);
  }
}

/** A text with edits made, none of which overlaps another. */
export function edited(text: string, edits: readonly Pick<TextEdit, "from" | "to" | "text">[]): string {
  const last = edits.toSorted((a, b) => b.from - a.from);
  return last.reduce((made, one) => made.slice(0, one.from) + one.text + made.slice(one.to), text);
}

const turned = (texts: ReadonlyMap<string, Texts>): ReadonlyMap<string, Texts> =>
  new Map([...texts].map(([path, { before, after }]) => [path, { before: after, after: before }]));
