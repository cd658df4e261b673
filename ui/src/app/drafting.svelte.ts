// Policies that begin with something other than an empty line: recorded calls, or a common rule.
//
// Promises: a policy becomes unsaved text beside the guardrails that are there, and can be undone; before
// that its effect is asked for on the side, and nothing else in the window changes. Not here: what such a
// policy says, and what it does (the host).

import type {
  Candidates,
  CandidateView,
  ChangedCalls,
  DraftText,
  Effect,
  ErrorDto,
  Finding,
} from "../api/bindings";
import { asError, call } from "../api/client";
import { shortId } from "../format";
import { firstText, freeName } from "../policy/places";
import { T } from "../strings";
import type { Remit } from "./remit.svelte";

/** What a policy would change, if it were there. */
export interface Trial {
  readonly changed: ChangedCalls | null;
  readonly broken: readonly Finding[];
}

export interface Offer {
  readonly title: string;
  /** The calls that they are made from, as long as they are asked for; `null`: of no calls in particular. */
  readonly positions: readonly number[] | null;
  readonly candidates: readonly CandidateView[];
}

export class Drafting {
  offer = $state.raw<Offer | null>(null);
  /** What each candidate would change, as far as it is known. */
  trials = $state.raw<readonly (Trial | null)[]>([]);
  error = $state.raw<ErrorDto | null>(null);
  #asked = 0;

  constructor(readonly remit: Remit) {}

  /** The calls that a policy would be made from: those that are picked, else the selected one. */
  get positions(): readonly number[] {
    const { picked, selection } = this.remit;
    if (picked.calls.size > 0) return picked.positions;
    return selection.position === null ? [] : [selection.position];
  }

  /** Offers policies that match the calls, and what each would change. */
  begin(effect: Effect): Promise<void> {
    const positions = [...this.positions];
    return this.#offer(T.fromCalls(effect, positions.length), positions, () =>
      call("policies_from_calls", { positions, effect }),
    );
  }

  /** Offers policies that let an agent do less with a tool. */
  narrow(agent: string, action: string): Promise<void> {
    return this.#offer(T.narrowing(shortId(agent), shortId(action)), null, () =>
      call("narrowings", { agent, action }),
    );
  }

  close(): void {
    this.#asked++;
    this.offer = null;
    this.error = null;
  }

  /** What the verdicts in view would become with one more policy. */
  async try(policy: string): Promise<Trial> {
    const path = this.target ?? freeName("guardrails/new.cedar", this.remit.workspace?.files ?? []);
    const document = this.target === null ? null : await this.remit.documents.hold(path);
    const draft: DraftText = { path, text: appended(document?.text ?? "", policy) };
    const others = this.remit.documents.drafts.filter((one) => one.path !== path);
    return call("try_drafts", { files: [...others, draft] });
  }

  /** Puts a policy into the draft of the guardrails, and shows it there. */
  async put(policy: string): Promise<boolean> {
    const { remit } = this;
    this.close();
    let path = this.target;
    if (path === null) {
      path = freeName("guardrails/new.cedar", remit.workspace?.files ?? []);
      if (!(await remit.files.make(path, firstText(path)))) return false;
    }
    await remit.openFile(path);
    const document = remit.documents.find(path);
    if (!document) return false;
    const before = document.text.trimEnd();
    document.replace(appended(before, policy));
    await remit.openFile(path, before === "" ? 0 : before.length + 2);
    return true;
  }

  async #offer(
    title: string,
    positions: readonly number[] | null,
    ask: () => Promise<Candidates>,
  ): Promise<void> {
    const mine = ++this.#asked;
    this.error = null;
    try {
      const { candidates } = await ask();
      if (mine !== this.#asked) return;
      this.trials = candidates.map(() => null);
      this.offer = { title, positions, candidates };
      for (const [at, { text }] of candidates.entries()) {
        const trial = await this.try(text);
        if (mine !== this.#asked) return;
        this.trials = this.trials.with(at, trial);
      }
    } catch (thrown) {
      if (mine === this.#asked) this.error = asError(thrown);
    }
  }

  /** Beside the guardrails that are there, so that it is read with them; `null`: there are none. */
  get target(): string | null {
    const { documents, selection, workspace } = this.remit;
    const { current } = documents;
    const isCedar = (path: string) => path.endsWith(".cedar");
    if (current?.base.kind === "guardrails" && isCedar(current.path)) return current.path;
    const deciding = selection.why.data?.guardrails?.reasons[0]?.file;
    if (deciding !== undefined && isCedar(deciding)) return deciding;
    return workspace?.files.find(({ kind, path }) => kind === "guardrails" && isCedar(path))?.path ?? null;
  }
}

/** A text with one more policy at its end. */
export function appended(text: string, policy: string): string {
  const before = text.trimEnd();
  return `${before}${before === "" ? "" : "\n\n"}${policy.trim()}\n`;
}
