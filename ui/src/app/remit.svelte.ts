// The open workspace and where the person is in it: what all views share.
//
// Promises: verdicts in view are those of the last finished judgement until the next one has finished;
// nothing is decided here. Not here: how anything looks, and unsaved text (`policy/documents`).

import type {
  AppEvent,
  AppInfo,
  DraftsJudged,
  ErrorDto,
  ExportFormat,
  RecordedCall,
  Summary,
  Verdict,
  WorkspaceView,
} from "../api/bindings";
import { asError, call, onDrop, onEvent, pickFile, pickFolder } from "../api/client";
import { Latest } from "../api/latest";
import { Query } from "../api/query.svelte";
import { EntitiesDesk } from "../entities/entities-desk.svelte";
import { Documents, type Document, type Saves } from "../policy/documents.svelte";
import { Files } from "../policy/files.svelte";
import { Git } from "../policy/git.svelte";
import { WhatIf } from "../policy/whatif.svelte";
import { Services } from "../policy/services.svelte";
import { Corpus, type Of } from "../replay/corpus.svelte";
import { Judgement } from "../replay/judgement.svelte";
import { isSame, SessionList, type Filter } from "../session/sessions.svelte";
import { Transcript } from "../session/transcript.svelte";
import { Frictions } from "../learn/frictions.svelte";
import { Learning } from "../learn/learning.svelte";
import { Scoring } from "../learn/scoring.svelte";
import { SchemaDesk } from "../schema/schema-desk.svelte";
import { Searching } from "../review/searching.svelte";
import { Stopping } from "../review/stopping.svelte";
import { Testing } from "../review/testing.svelte";
import { T } from "../strings";
import { CommonRules } from "./common-rules.svelte";
import { Drafting } from "./drafting.svelte";
import { Picked } from "./picked.svelte";
import { NOWHERE, Place, type View } from "./place.svelte";
import { Preference } from "./preference.svelte";
import { Selection } from "./selection.svelte";

/** How often to look whether a replay is done, in case its event was missed. */
const POLL_MS = 1000;

/** How far the host is: with reading recordings (files and tool calls), or with judging sessions. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly toolCalls?: number;
}
export type Mismatch = Extract<AppEvent, { event: "selfCheckFailed" }>;

export class Remit {
  info = $state.raw<AppInfo | null>(null);
  workspace = $state.raw<WorkspaceView | null>(null);
  /** What is being opened, in words; `null` when nothing is. */
  opening = $state<string | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  progress = $state.raw<Progress | null>(null);
  /** The host found that its own verdicts differ from the reference. */
  mismatch = $state.raw<Mismatch | null>(null);
  /** Goes up with every judgement of what is saved, and never with one of a draft. */
  settlements = $state(0);
  bannerSeen = $state(false);
  started = $state(false);

  readonly place = new Place();
  readonly preference = new Preference();
  readonly sessions = new SessionList();
  readonly transcript = new Transcript();
  readonly corpus = new Corpus();
  readonly selection = new Selection(this.place, this.sessions, this.transcript, this.corpus);
  readonly #saves: Saves = {
    before: () => this.corpus.mark(),
    done: (workspace) => this.#adopt(workspace),
  };
  readonly documents = new Documents(this.#saves);
  readonly files = new Files(this.documents, this.#saves);
  readonly whatif = new WhatIf(this.documents);
  readonly schema = new SchemaDesk(this.documents, this.files);
  readonly entities = new EntitiesDesk(this.documents, this.files);
  readonly picked = new Picked(this.place, this.transcript, this.corpus, this.selection);
  readonly drafting = new Drafting(this);
  readonly rules = new CommonRules(this.drafting);
  readonly git = new Git();
  /** The editor services of the document in front. */
  readonly services: Services | null = $derived.by(() => {
    const { current } = this.documents;
    const go = (path: string, from: number) => void this.openFile(path, from);
    return current && new Services(current, this.documents, this.files, go);
  });
  /** What the policies of the file in front do, each and its conditions. */
  readonly effects = new Query("policy_effects");
  readonly learning = new Learning();
  readonly scoring = new Scoring();
  readonly frictions = new Frictions();
  readonly testing = new Testing();
  readonly stopping = new Stopping();
  readonly searching = new Searching();
  /** What was just done, in words, until the person has seen it. */
  told = $state<string | null>(null);
  readonly judgement = new Judgement((answer, of) => this.#judged(answer, of));

  /** The counts in view: those of the last good replay. */
  readonly summary: Summary | null = $derived.by(() => {
    const replay = this.workspace?.replay;
    if (replay?.state === "ready") return replay.summary;
    return replay?.state === "blocked" ? (replay.last ?? this.#lastSummary) : this.#lastSummary;
  });
  /** Whether what is in view is of older policies than those in the files or the editor. */
  readonly stale = $derived(this.workspace?.replay.state === "blocked" || this.judgement.broken.length > 0);
  readonly #views = new Latest<Of>((of) => this.#showAgain(of));
  #lastSummary = $state.raw<Summary | null>(null);
  #settled = "";
  #finished = 0;
  #poll: ReturnType<typeof setTimeout> | undefined;

  async start(): Promise<() => void> {
    const stops = await this.#listen();
    await this.#begin();
    this.started = true;
    return () => {
      clearTimeout(this.#poll);
      stops.forEach((stop) => stop());
    };
  }

  /** Lets the verdicts follow the unsaved text. */
  follow(): void {
    const { drafts } = this.documents;
    if (this.workspace && this.workspace.replay.state !== "running") this.judgement.follow(drafts);
  }

  open(path: string): Promise<void> {
    return this.#opening(`Opening ${path}`, () => call("open_workspace", { path }));
  }

  openSample(): Promise<void> {
    return this.#opening("Opening the sample incident", () => call("open_sample", {}));
  }

  create(path: string, template: string): Promise<void> {
    return this.#opening(`Making ${path}`, () => call("create_workspace", { path, template }));
  }

  async chooseAndOpen(): Promise<void> {
    const path = await pickFolder("Open a workspace");
    if (path) await this.open(path);
  }

  async openFile(path: string, from: number | null = null, line: number | null = null): Promise<void> {
    await this.documents.show(path, from, line);
    this.place.go({ file: this.documents.current?.path ?? null, area: "editor" });
  }

  edit(policy: { readonly file: string; readonly line: number }): Promise<void> {
    return this.openFile(policy.file, null, policy.line);
  }

  closeFile(document: Document): void {
    this.documents.close(document);
    this.place.go({ file: this.documents.current?.path ?? null });
  }

  /** Counts what the policies in front do, whenever the verdicts in view are others. */
  countEffects(): void {
    const path = this.documents.current?.path;
    void this.corpus.column;
    if (this.summary !== null && path?.endsWith(".cedar")) void this.effects.ask({ path });
    else this.effects.clear();
  }

  /** Shows something else in the middle of the bench. */
  show(view: View): void {
    this.place.go({ view, area: "session" });
  }

  /** Proposes a scope for the task of the session in view. */
  async learnTask(): Promise<void> {
    const task = this.transcript.view?.row.task;
    if (!task) return;
    this.learning.choice = { ...this.learning.choice, task };
    this.show("learn");
    await this.learning.learn(this.settlements);
  }

  /** Looks for rules that would have stopped the selected call. */
  async stopThis(): Promise<void> {
    const { session } = this.place.where;
    const step = this.selection.why.data?.step;
    if (session === null || step === undefined) return;
    this.place.go({ area: "why" });
    await this.stopping.ask(session, step);
  }

  /** Writes the report of the session in view into the workspace. */
  async exportReport(format: ExportFormat): Promise<void> {
    const { session } = this.place.where;
    if (session === null) return;
    this.error = null;
    try {
      const { path } = await call("export_report", { session, format });
      this.told = T.reportWritten(path);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }

  /** A file of labels that the person chose, relative to the workspace if it lies there. */
  async pickLabels(): Promise<string | null> {
    const path = await pickFile(T.chooseLabels);
    const root = `${this.workspace?.root ?? ""}/`;
    return path?.startsWith(root) ? path.slice(root.length) : path;
  }

  /** Puts a proposed text into the draft of a file, which need not be there yet. */
  async propose(path: string, text: string): Promise<void> {
    await this.documents.propose(path, text);
    this.place.go({ file: this.documents.current?.path ?? null });
  }

  /** Shows a recorded call, if its session is in view. */
  lookAt({ session, step }: RecordedCall): void {
    if (session === null) return;
    this.show("session");
    void this.selection.select(session, step);
  }

  /** Counts changes against a git revision, or again against what is saved. */
  async pin(revision: string | null): Promise<void> {
    this.error = null;
    try {
      await call("pin_baseline", { revision });
      await this.corpus.pin(revision);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }

  filterByVerdict(verdict: Verdict | null): Promise<void> {
    this.place.go({ tab: "sessions" });
    return this.filter({ verdict });
  }

  /** Leaves the workspace; unsaved text is kept. */
  toStart(): void {
    this.#leave();
    this.workspace = null;
    this.documents.workspace("");
  }

  async filter(change: Partial<Filter>): Promise<void> {
    const wanted = { ...this.sessions.by, ...change };
    const by = wanted.verdict === "drifted" ? wanted : { ...wanted, severity: null };
    this.place.go(by);
    await this.sessions.filter(by);
  }

  async #listen(): Promise<(() => void)[]> {
    const moved = () => void this.#moved();
    window.addEventListener("hashchange", moved);
    const stops = [() => window.removeEventListener("hashchange", moved)];
    try {
      stops.push(await onEvent((event) => void this.#hear(event)));
      stops.push(await onDrop((path) => void this.open(path)));
    } catch (thrown) {
      this.error = asError(thrown);
    }
    return stops;
  }

  /** Somebody else wrote the address. */
  async #moved(): Promise<void> {
    this.place.read();
    const { session, step, file, text, verdict, severity } = this.place.where;
    if (!this.workspace) return;
    const by = { text, verdict, severity };
    if (!isSame(by, this.sessions.by)) await this.sessions.filter(by);
    if (file !== null) await this.documents.show(file);
    if (session !== null) await this.selection.again(session);
    if (step !== null) this.place.go({ step });
  }

  async #begin(): Promise<void> {
    this.place.read();
    try {
      this.info = await call("app_info", {});
      this.preference.adopt(this.info.preferences);
      await this.#openFirst(this.info);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }

  /** What was open already (a reload), what was named at the start, or the sample on the first start. */
  async #openFirst(info: AppInfo): Promise<void> {
    if (await call("workspace", {}).catch(() => null)) {
      // The window before this one may have left the host with its drafts and its baseline.
      await call("judge_drafts", { files: [] }).catch(() => null);
      await call("pin_baseline", { revision: null }).catch(() => null);
      return this.#adopt(await call("workspace", {}));
    }
    if (info.initial !== null) return this.open(info.initial);
    if (info.recent.length === 0) return this.openSample();
  }

  async #opening(words: string, command: () => Promise<WorkspaceView>): Promise<void> {
    this.opening = words;
    this.error = null;
    try {
      await this.documents.leave();
      const workspace = await command();
      if (this.workspace) this.#leave();
      await this.#adopt(workspace);
    } catch (thrown) {
      this.error = asError(thrown);
    } finally {
      this.opening = null;
    }
  }

  #leave(): void {
    this.place.go(NOWHERE);
    this.sessions.clear();
    this.transcript.close();
    this.selection.clear();
    this.corpus.clear();
    this.files.clear();
    this.git.clear();
    this.whatif.clear();
    this.schema.clear();
    this.entities.clear();
    this.picked.clear();
    this.drafting.close();
    this.rules.close();
    this.learning.clear();
    this.scoring.clear();
    this.frictions.clear();
    this.testing.clear();
    this.stopping.clear();
    this.searching.clear();
    this.told = null;
    this.judgement.settle();
    this.progress = null;
    this.mismatch = null;
    clearTimeout(this.#poll);
    this.#lastSummary = null;
    this.#settled = "";
  }

  async #adopt(workspace: WorkspaceView): Promise<void> {
    this.workspace = workspace;
    void this.#reopen(workspace.root);
    const { replay } = workspace;
    if (replay.state === "running") {
      this.progress = { done: replay.done, total: replay.total };
      return this.#finished >= workspace.revision ? this.#look() : this.#lookLater();
    }
    this.progress = null;
    await this.#settle(workspace);
  }

  /** Unsaved text of before, and the file that the address names. */
  async #reopen(root: string): Promise<void> {
    await this.documents.workspace(root);
    const { file } = this.place.where;
    if (file !== null && this.documents.current === null) await this.documents.show(file);
  }

  /** A replay has ended: brings every view up to date, once. */
  async #settle(workspace: WorkspaceView): Promise<void> {
    if (key(workspace) === this.#settled) return;
    const first = this.#settled === "";
    this.#settled = key(workspace);
    this.settlements++;
    this.judgement.settle();
    void this.git.refresh();
    if (workspace.replay.state === "ready") this.#lastSummary = workspace.replay.summary;
    if (!first && (await this.#settledUnderDrafts())) return;
    const { text, verdict, severity, session } = this.place.where;
    const list = first ? this.sessions.filter({ text, verdict, severity }) : this.sessions.refresh();
    if (this.summary === null) return list;
    await Promise.all([this.corpus.refresh("saved", this.summary.sessions), list]);
    // Somebody typed meanwhile, and was compared with what had been saved before.
    if (this.judgement.of === "draft" && (await this.#settledUnderDrafts())) return;
    if (session === null) await this.selection.first();
    else await this.selection.again(session);
  }

  /** Goes from draft to draft without showing what is saved; `false` if there is none, or it is broken. */
  async #settledUnderDrafts(): Promise<boolean> {
    const { drafts } = this.documents;
    if (drafts.length === 0 || this.summary === null) return false;
    await this.corpus.readSaved();
    await this.judgement.judge(drafts);
    return this.judgement.of === "draft";
  }

  /** Verdicts of other texts are there: the counts at once, the rest as it is read. */
  #judged({ revision, policies, summary }: DraftsJudged, of: Of): void {
    if (!this.workspace) return;
    const replay = summary ? { state: "ready" as const, summary } : this.workspace.replay;
    this.workspace = { ...this.workspace, revision, policies, replay };
    this.#lastSummary = summary ?? this.#lastSummary;
    this.#settled = key(this.workspace);
    void this.#views.run(of);
    if (of === "saved") void this.#look();
  }

  async #showAgain(of: Of): Promise<void> {
    const { session } = this.place.where;
    await Promise.all([
      this.corpus.refresh(of, this.summary?.sessions ?? 0),
      this.sessions.refresh(),
      session === null ? null : this.selection.again(session),
    ]);
  }

  async #hear(event: AppEvent): Promise<void> {
    switch (event.event) {
      case "loadProgress":
        this.progress = event;
        return;
      case "learnProgress":
        if (this.learning.answer.loading) this.learning.progress = event;
        if (this.frictions.answer.loading) this.frictions.progress = event;
        if (this.scoring.answer.loading) this.scoring.progress = event;
        if (this.testing.answer.loading) this.testing.progress = event;
        if (this.searching.answer.loading) this.searching.progress = event;
        return;
      case "selfCheckFailed":
        this.mismatch = event;
        return;
      case "workspaceChanged":
        await this.documents.changedOnDisk(event.paths);
        void this.git.refresh();
        break;
      case "replayFinished":
        this.#finished = event.revision;
    }
    await this.#look();
  }

  #lookLater(): void {
    clearTimeout(this.#poll);
    this.#poll = setTimeout(() => void this.#look(), POLL_MS);
  }

  async #look(): Promise<void> {
    clearTimeout(this.#poll);
    if (!this.workspace) return;
    try {
      // What the host shows while it judges a draft is no replay that has ended.
      const workspace = await this.judgement.between(() => call("workspace", {}));
      if (workspace.revision >= this.workspace.revision) await this.#adopt(workspace);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }
}

/** Names a judged state: views that show it need not ask again. */
const key = ({ root, revision, replay }: WorkspaceView): string => `${root} ${revision} ${replay.state}`;
