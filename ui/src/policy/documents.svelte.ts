// The files that are open: their text on disk, the text in the editor, and what is wrong with it.
//
// Promises: unsaved text survives a reload and a crash, and a change on disk never replaces it without
// being asked; what a person did to a text can be undone for as long as its file is open. Not here: the editor itself, and what is valid.

import type {
  DraftText,
  ErrorDto,
  FileKind,
  FileText,
  Finding,
  KeptDraft,
  WorkspaceView,
} from "../api/bindings";
import { tick } from "svelte";
import { asError, call } from "../api/client";
import { forgetDraft, keepDraft, keptDrafts, write } from "./drafts";

/** Files whose text says what is allowed. */
const JUDGED: ReadonlySet<FileKind> = new Set(["guardrails", "scope"]);

/** The digest of a file that is not there yet. */
const ABSENT = "";

const KINDS: Readonly<Record<string, FileKind>> = {
  "schema.cedarschema": "schema",
  "entities.json": "entities",
};

/** A file that is not there yet: its whole text is unsaved. */
const absent = (path: string): FileText => ({
  path,
  kind: KINDS[path] ?? (path.startsWith("scopes/") ? "scope" : "guardrails"),
  text: "",
  digest: ABSENT,
});

/** A place to show in a document. */
export interface Spot {
  readonly path: string;
  readonly from: number | null;
  readonly line: number | null;
}

export class Document {
  text = $state("");
  /** The text on disk that the edit started from, and its digest. */
  base = $state.raw<FileText>({ path: "", kind: "other", text: "", digest: "" });
  /** The text on disk, when it is no longer the one that the edit started from. */
  theirs = $state.raw<FileText | null>(null);
  findings = $state.raw<readonly Finding[]>([]);
  error = $state.raw<ErrorDto | null>(null);
  saving = $state(false);
  /** Ends when the text is formatted; a save waits for it. */
  formatting: Promise<void> = Promise.resolve();
  readonly dirty = $derived(this.text !== this.base.text);
  /** Puts text into the editor that shows this document, so that it can be undone. */
  apply: ((text: string) => void) | null = null;
  /** What the editor remembers while another file is in front: undo, folds, the cursor. */
  memory: unknown = null;

  constructor(file: FileText, draft: KeptDraft | null = null) {
    this.base = draft ? { ...file, text: draft.base, digest: draft.digest } : file;
    this.text = draft?.text ?? file.text;
    if (draft && draft.digest !== file.digest) this.meet(file);
  }

  get path(): string {
    return this.base.path;
  }

  /** The person typed. */
  edit(text: string): void {
    this.text = text;
    if (this.dirty) keepDraft({ path: this.path, text, base: this.base.text, digest: this.base.digest });
    else forgetDraft(this.path);
  }

  replace(text: string): void {
    if (this.apply) this.apply(text);
    else this.edit(text);
  }

  /** Goes back to the text on disk. In the editor that can be undone. */
  discard(): void {
    if (this.theirs) this.settle(this.theirs);
    else this.replace(this.base.text);
  }

  /** The file on disk is now `file`. */
  meet(file: FileText): void {
    if (file.digest === this.base.digest) return;
    if (this.text === file.text || !this.dirty) this.settle(file);
    else this.theirs = file;
  }

  /** Both sides agree again: `file` is on disk and in the editor. */
  settle(file: FileText): void {
    const shown = this.text;
    this.base = file;
    this.theirs = null;
    if (shown !== file.text) this.replace(file.text);
    forgetDraft(this.path);
  }

  /** Ours, or what both were merged into, shall replace theirs with the next save. */
  overrule(text: string): void {
    if (!this.theirs) return;
    this.base = this.theirs;
    this.theirs = null;
    this.error = null;
    this.replace(text);
    this.edit(text);
  }
}

/** Who wants to know of a save: before it is sent, and when it is done. */
export interface Saves {
  before(): void;
  done(workspace: WorkspaceView): Promise<void>;
}

export class Documents {
  open = $state.raw<readonly Document[]>([]);
  /** Closed, with unsaved text. */
  kept = $state.raw<readonly Document[]>([]);
  current = $state.raw<Document | null>(null);
  /** Where the editor shall go next. */
  spot = $state.raw<Spot | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  /** Files whose unsaved text of before was found, until the person was told. */
  restored = $state.raw<readonly string[]>([]);
  readonly unsaved: readonly Document[] = $derived([...this.open, ...this.kept].filter((one) => one.dirty));
  /** Unsaved text that changes verdicts. */
  readonly drafts: readonly DraftText[] = $derived(
    this.unsaved
      .filter((one) => JUDGED.has(one.base.kind))
      .map(({ path, text }) => ({ path, text }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  );
  #root = "";

  constructor(readonly saves: Saves) {}

  /** Goes to a workspace, and finds its unsaved text of before. */
  async workspace(root: string): Promise<void> {
    if (root === this.#root) return;
    this.#root = root;
    this.open = [];
    this.kept = [];
    this.current = null;
    this.spot = null;
    this.error = null;
    this.restored = [];
    if (root === "") return;
    for (const draft of await keptDrafts()) {
      const document =
        (await this.#read(draft.path, draft)) ??
        (draft.digest === ABSENT ? new Document(absent(draft.path), draft) : null);
      if (root !== this.#root) return;
      if (!document || this.find(draft.path)) continue;
      this.kept = [...this.kept, document];
      this.restored = [...this.restored, draft.path];
    }
    // A file that is no longer there keeps its unsaved text for when it comes back.
    this.error = null;
  }

  /** The workspace is about to be left: what is unsaved is kept first. */
  leave(): Promise<void> {
    return write();
  }

  /** A file is gone: its tab goes, too, and its unsaved text. */
  drop(path: string): void {
    const document = this.find(path);
    if (!document) return;
    document.edit(document.base.text);
    this.close(document);
    this.kept = this.kept.filter((one) => one !== document);
  }

  async show(path: string, from: number | null = null, line: number | null = null): Promise<void> {
    const document = this.find(path) ?? (await this.#read(path));
    if (!document) return;
    this.#front(document);
    this.spot = from === null && line === null ? null : { path, from, line };
  }

  /** Reads a file without showing it, so that its draft can be changed. */
  async hold(path: string): Promise<Document | null> {
    const known = this.find(path);
    if (known) return known;
    const document = await this.#read(path);
    const meanwhile = this.find(path);
    if (meanwhile || !document) return meanwhile ?? null;
    this.kept = [...this.kept, document];
    return document;
  }

  /** Puts `text` into the editor as the unsaved text of a file, which need not be there yet. */
  async propose(path: string, text: string): Promise<void> {
    const document = this.find(path) ?? (await this.#readOrBegin(path));
    if (!document) return;
    this.#front(document);
    this.spot = null;
    // In the editor it can be undone.
    await tick();
    document.replace(text);
  }

  close(document: Document): void {
    const at = this.open.indexOf(document);
    this.open = this.open.filter((one) => one !== document);
    if (document.dirty) this.kept = [...this.kept, document];
    if (this.current === document) this.current = this.open[Math.max(0, at - 1)] ?? null;
  }

  async save(document: Document): Promise<void> {
    if (document.saving) return;
    document.saving = true;
    // Who formats and saves at once wants the formatted text on disk.
    await document.formatting;
    const { path, text } = document;
    this.saves.before();
    try {
      const saved = await this.#write(path, text, document.base.digest);
      document.base = { ...document.base, text, digest: saved.digest };
      document.theirs = null;
      document.error = null;
      document.edit(document.text);
      await this.saves.done(saved.workspace);
    } catch (thrown) {
      await this.#failed(document, asError(thrown));
    } finally {
      document.saving = false;
    }
  }

  format(document: Document): Promise<void> {
    document.formatting = this.#format(document);
    return document.formatting;
  }

  /** What is typed meanwhile stays: then nothing is formatted. */
  async #format(document: Document): Promise<void> {
    const { path, text: asked } = document;
    try {
      const { text } = await call("format_draft", { path, text: asked });
      document.error = null;
      if (document.text === asked && text !== asked) document.replace(text);
    } catch (thrown) {
      document.error = asError(thrown);
    }
  }

  /** Somebody else changed files: clean documents follow, the others show both sides. */
  async changedOnDisk(paths: readonly string[]): Promise<void> {
    const touched = (one: Document) => paths.length === 0 || paths.includes(one.path);
    for (const document of [...this.open, ...this.kept].filter(touched)) {
      const file = await call("read_file", { path: document.path }).catch(() => null);
      if (file) document.meet(file);
    }
  }

  /** Saves a text over the one with digest `base`, or as a new file. */
  async #write(
    path: string,
    text: string,
    base: string,
  ): Promise<{ readonly digest: string; readonly workspace: WorkspaceView }> {
    if (base !== ABSENT) return call("save_file", { path, text, base });
    const { undo, workspace } = await call("edit_files", { edits: [{ path, base: null, text }] });
    // What takes it back names what is there now.
    return { digest: undo[0]?.base ?? ABSENT, workspace };
  }

  find(path: string): Document | undefined {
    return [...this.open, ...this.kept].find((one) => one.path === path);
  }

  /** Brings a document to the front. */
  #front(document: Document): void {
    this.kept = this.kept.filter((one) => one !== document);
    if (!this.open.includes(document)) this.open = [...this.open, document];
    this.current = document;
  }

  async #readOrBegin(path: string): Promise<Document | null> {
    try {
      return new Document(await call("read_file", { path }));
    } catch (thrown) {
      const error = asError(thrown);
      if (error.code === "notFound") return new Document(absent(path));
      this.error = error;
      return null;
    }
  }

  async #read(path: string, draft: KeptDraft | null = null): Promise<Document | null> {
    try {
      const document = new Document(await call("read_file", { path }), draft);
      this.error = null;
      return document;
    } catch (thrown) {
      this.error = asError(thrown);
      return null;
    }
  }

  async #failed(document: Document, error: ErrorDto): Promise<void> {
    document.error = error;
    if (error.code !== "conflict") return;
    const theirs = await call("read_file", { path: document.path }).catch(() => null);
    if (theirs) document.theirs = theirs;
  }
}
