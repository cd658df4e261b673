// The open workspace and where the person is in it: what all views share.
//
// Promises: verdicts in view are those of the last finished replay until the next one has finished;
// nothing is decided here. Not here: how anything looks, and unsaved text (`policy/documents`).

import type { AppEvent, AppInfo, ErrorDto, Summary, Verdict, WorkspaceView } from "../api/bindings";
import { asError, call, onDrop, onEvent, pickFolder } from "../api/client";
import { Query } from "../api/query.svelte";
import { Documents, type Document } from "../policy/documents.svelte";
import { Corpus } from "../replay/corpus.svelte";
import { SessionList } from "../session/sessions.svelte";
import { Transcript } from "../session/transcript.svelte";
import { isFinding } from "../verdict/verdict";
import { NOWHERE, Place } from "./place.svelte";
import { Preference } from "./preference.svelte";

/** How often to look whether a replay is done, in case its event was missed. */
const POLL_MS = 1000;
/** Among how many sessions the first one to show is chosen. */
const FIRST_ROWS = 200;

export class Remit {
  info = $state.raw<AppInfo | null>(null);
  workspace = $state.raw<WorkspaceView | null>(null);
  /** What is being opened, in words; `null` when nothing is. */
  opening = $state<string | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  progress = $state.raw<{ done: number; total: number } | null>(null);
  bannerSeen = $state(false);
  /** The position of the selected call in the corpus. */
  position = $state<number | null>(null);
  started = $state(false);

  readonly place = new Place();
  readonly preference = new Preference();
  readonly sessions = new SessionList();
  readonly transcript = new Transcript();
  readonly why = new Query("why");
  readonly corpus = new Corpus();
  readonly documents = new Documents({
    before: () => this.corpus.mark(),
    done: (workspace) => this.#adopt(workspace),
  });

  /** The counts in view: those of the last good replay. */
  readonly summary: Summary | null = $derived.by(() => {
    const replay = this.workspace?.replay;
    if (replay?.state === "ready") return replay.summary;
    return replay?.state === "blocked" ? (replay.last ?? this.#lastSummary) : this.#lastSummary;
  });
  /** The policy to edit if the selected call should be judged otherwise. */
  readonly decidingPolicy = $derived.by(() => {
    const { guardrails, scope } = this.why.data ?? {};
    const deciding = guardrails?.allow && scope ? [scope, guardrails] : [guardrails, scope];
    return deciding.flatMap((decision) => decision?.reasons ?? [])[0] ?? null;
  });
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

  /** Goes to a session, and there to a step; without one, to its first finding. */
  async select(session: number, step: number | null = null): Promise<void> {
    const same = this.place.where.session === session;
    this.place.go({ session, step });
    if (same && this.transcript.view) {
      await this.explain();
      return;
    }
    this.why.clear();
    const view = await this.transcript.show(session);
    if (!view || this.place.where.session !== session) return;
    if (step === null) this.place.go({ step: firstFinding(view.calls) });
    await this.explain();
  }

  async selectStep(step: number): Promise<void> {
    this.place.go({ step });
    await this.explain();
  }

  async nextStep(by: 1 | -1): Promise<void> {
    const { step } = this.place.where;
    const to = step === null ? 0 : step + by;
    if (to >= 0 && to < (this.transcript.view?.steps ?? 0)) await this.selectStep(to);
  }

  /** Asks why for the selected step, or the call that it answers. */
  async explain(): Promise<void> {
    const { session, step } = this.place.where;
    const callStep = step === null ? null : this.transcript.callOf(step);
    if (session === null || callStep === null) {
      this.why.clear();
      return;
    }
    await Promise.all([this.why.ask({ session, step: callStep }), this.#locate(session, callStep)]);
  }

  /** Goes to the next call whose verdict the last edit changed. */
  async nextChange(): Promise<void> {
    const positions = this.corpus.changes?.positions ?? [];
    const next = positions.find((position) => position > (this.position ?? -1)) ?? positions[0];
    if (next !== undefined) await this.goToPosition(next);
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

  filterByVerdict(verdict: Verdict | null): Promise<void> {
    this.place.go({ tab: "sessions" });
    return this.filter(this.sessions.text, verdict);
  }

  /** Leaves the workspace; unsaved text is kept. */
  toStart(): void {
    this.#leave();
    this.workspace = null;
    this.documents.workspace("");
  }

  /** Goes to the next finding, in this session or the ones after it. */
  async nextFinding(by: 1 | -1): Promise<void> {
    const { session, step } = this.place.where;
    const calls = this.transcript.view?.calls ?? [];
    const ahead = by === 1 ? calls : calls.toReversed();
    const here = ahead.find(
      (tick) => isFinding(tick.verdict) && (step === null || (tick.step - step) * by > 0),
    );
    if (here) return this.selectStep(here.step);
    const edge = by === 1 ? calls.length - 1 : 0;
    const found = await this.corpus.findingFrom(session, calls.length ? edge : null, by);
    if (found) await this.select(found.session, found.step);
  }

  async nextSession(by: 1 | -1): Promise<void> {
    const { session } = this.place.where;
    const at = session === null ? -1 : this.sessions.indexOf(session);
    const row = await this.sessions.pages.get((at ?? -1) + by);
    if (row) await this.select(row.session);
  }

  async goToPosition(position: number): Promise<void> {
    const found = await this.corpus.place(position);
    await this.select(found.session, found.step);
  }

  async filter(text: string, verdict: Verdict | null): Promise<void> {
    this.place.go({ text, verdict });
    await this.sessions.filter(text, verdict);
  }

  async #locate(session: number, step: number): Promise<void> {
    const call = this.transcript.view?.calls.findIndex((tick) => tick.step === step) ?? -1;
    const position = call === -1 ? null : await this.corpus.positionOf(session, call).catch(() => null);
    if (this.place.where.session === session) this.position = position;
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
    const { session, step, file, text, verdict } = this.place.where;
    if (!this.workspace) return;
    if (text !== this.sessions.text || verdict !== this.sessions.verdict)
      await this.sessions.filter(text, verdict);
    if (file !== null) await this.documents.show(file);
    if (session !== null) await this.#again(session);
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
    const open = await call("workspace", {}).catch(() => null);
    if (open) return this.#adopt(open);
    if (info.initial !== null) return this.open(info.initial);
    if (info.recent.length === 0) return this.openSample();
  }

  async #opening(words: string, command: () => Promise<WorkspaceView>): Promise<void> {
    this.opening = words;
    this.error = null;
    try {
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
    this.why.clear();
    this.corpus.clear();
    this.position = null;
    this.progress = null;
    clearTimeout(this.#poll);
    this.#lastSummary = null;
    this.#settled = "";
  }

  async #adopt(workspace: WorkspaceView): Promise<void> {
    this.workspace = workspace;
    this.documents.workspace(workspace.root);
    const { file } = this.place.where;
    if (file !== null && this.documents.current === null) void this.documents.show(file);
    const { replay } = workspace;
    if (replay.state === "running") {
      this.progress = { done: replay.done, total: replay.total };
      return this.#finished >= workspace.revision ? this.#look() : this.#lookLater();
    }
    this.progress = null;
    await this.#settle(workspace);
  }

  /** A replay has ended: brings every view up to date, once. */
  async #settle(workspace: WorkspaceView): Promise<void> {
    const key = `${workspace.root} ${workspace.revision} ${workspace.replay.state}`;
    if (key === this.#settled) return;
    const first = this.#settled === "";
    this.#settled = key;
    if (workspace.replay.state === "ready") this.#lastSummary = workspace.replay.summary;
    const { text, verdict, session } = this.place.where;
    const list = first ? this.sessions.filter(text, verdict) : this.sessions.refresh();
    if (this.summary === null) return list;
    await Promise.all([this.corpus.refresh(), list]);
    if (session === null) await this.#selectFirst();
    else await this.#again(session);
  }

  async #again(session: number): Promise<void> {
    const view = await this.transcript.show(session);
    if (!view) return;
    const { step } = this.place.where;
    if (step === null) this.place.go({ step: firstFinding(view.calls) });
    await this.explain();
  }

  /** The first thing to see is the session with most findings, and why. */
  async #selectFirst(): Promise<void> {
    const many = Math.min(this.sessions.pages.total, FIRST_ROWS);
    const rows = Array.from({ length: many }, (_, at) => this.sessions.pages.at(at)).filter(
      (row) => row !== undefined,
    );
    const [worst] = rows.toSorted((a, b) => findings(b.summary) - findings(a.summary));
    if (worst) await this.select(worst.session);
  }

  async #hear(event: AppEvent): Promise<void> {
    if (event.event === "replayProgress") {
      this.progress = { done: event.done, total: event.total };
      return;
    }
    if (event.event === "workspaceChanged") await this.documents.changedOnDisk(event.paths);
    else if (event.event === "replayFinished") this.#finished = event.revision;
    else return;
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
      const workspace = await call("workspace", {});
      if (workspace.revision >= this.workspace.revision) await this.#adopt(workspace);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }
}

const firstFinding = (calls: readonly { step: number; verdict: Verdict }[]): number | null =>
  (calls.find((tick) => isFinding(tick.verdict)) ?? calls[0])?.step ?? null;

const findings = (summary: Summary): number => summary.denied + summary.drifted;
