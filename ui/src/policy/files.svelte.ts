// What a person does with files as a whole: made, renamed, removed, and taken back again.
//
// Promises: nothing is lost without a way back, unsaved text included; a step that somebody else made
// impossible says so and stays undone. Not here: how a file is written (the host does that).

import type { ErrorDto, FileEdit, FilesEdited } from "../api/bindings";
import { asError, call } from "../api/client";
import type { Documents, Saves } from "./documents.svelte";

/** Something that was done to files, and what takes it back. */
export interface Step {
  readonly title: string;
  readonly edits: readonly FileEdit[];
  /** Text that was unsaved, by the path where it belongs once the step is taken back. */
  readonly unsaved: ReadonlyMap<string, string>;
  /** The file to look at once the step is taken back. */
  readonly show: string | null;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

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
    this.#did({ title: `Made ${path}`, edits: undo, unsaved: NOTHING, show: null });
    await this.documents.show(path);
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
    this.#did({ title: `Renamed ${from} to ${to}`, edits: undo, unsaved: kept, show: from });
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
    this.#did({ title: `Removed ${path}`, edits: undo, unsaved, show: path });
    return true;
  }

  async undo(): Promise<void> {
    const step = this.#done.at(-1);
    const redo = step && (await this.#take(step));
    if (!step || !redo) return;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, { ...step, edits: redo }];
    this.told = null;
  }

  async redo(): Promise<void> {
    const step = this.#undone.at(-1);
    const undo = step && (await this.#take({ ...step, unsaved: NOTHING, show: null }));
    if (!step || !undo) return;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, { ...step, edits: undo }];
    this.told = step;
  }

  #did(step: Step): void {
    this.#done = [...this.#done, step];
    this.#undone = [];
    this.told = step;
  }

  async #take({ edits, unsaved, show }: Step): Promise<readonly FileEdit[] | null> {
    const open = this.documents.current?.path ?? null;
    const back = await this.#edit(edits);
    if (!back) return null;
    for (const { path, text } of edits) if (text === null) this.documents.drop(path);
    for (const [path, text] of unsaved) await this.#show(path, text);
    if (show !== null && unsaved.size === 0 && (open === null || !this.documents.find(open)))
      await this.documents.show(show);
    return back;
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
