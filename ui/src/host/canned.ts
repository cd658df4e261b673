// A host that answers from files: component tests, and `npm run dev` in a plain browser.
//
// The files are what the real host said; `README.md` beside them lists them. Never in a shipped build.

import type { AppEvent, Commands, ErrorDto, KeptDraft } from "../api/bindings";
import type { CommandName, Host } from "./host";

const FILES = import.meta.glob<unknown>("./canned/*.json", { eager: true, import: "default" });

type Answers = {
  [C in CommandName]?: (request: Commands[C][0]) => Commands[C][1] | Promise<Commands[C][1]>;
};

export interface Canned extends Host {
  /** Sends an event, as the host would. */
  emit(event: AppEvent): void;
  /** Drops a folder on the window. */
  drop(path: string): void;
  /** Which commands were called, with what. */
  readonly calls: readonly { readonly name: CommandName; readonly request: unknown }[];
  column: Uint8Array;
  /** The verdicts of what is saved, if a draft is in view; `null`: the same. */
  saved: Uint8Array | null;
  /** The verdicts by the revision that is pinned; empty without one. */
  baseline: Uint8Array;
}

/** The reply in `<command>[.<variant>].json`. */
export function reply<C extends CommandName>(command: C, variant?: string): Commands[C][1] {
  return structuredClone(file(`${command}${variant ? `.${variant}` : ""}`)) as Commands[C][1];
}

export const cannedError = (variant: string): ErrorDto => file(`error.${variant}`) as ErrorDto;

export const cannedColumn = (variant?: string): Uint8Array =>
  Uint8Array.from(file(`verdict_column${variant ? `.${variant}` : ""}`) as number[]);

/** Unsaved texts as the host keeps them, by path: what outlives a window. */
export type Kept = Map<string, KeptDraft>;

/** Answers with the canned replies, except where `answers` says otherwise. */
export function canned(given: Answers = {}, kept: Kept = new Map()): Canned {
  const answers: Answers = { ...keeping(kept), ...given };
  const events = new Set<(event: AppEvent) => void>();
  const drops = new Set<(path: string) => void>();
  const calls: { name: CommandName; request: unknown }[] = [];
  const host: Canned = {
    calls,
    column: cannedColumn(),
    saved: null,
    baseline: new Uint8Array(),
    async call(name, request) {
      calls.push({ name, request });
      const answer = answers[name];
      return answer ? await answer(request) : usual(name, request);
    },
    bytes: async (name) => {
      if (name === "baseline_column") return host.baseline;
      return (name === "saved_column" ? host.saved : null) ?? host.column;
    },
    onEvent: async (listener) => listening(events, listener),
    onDrop: async (listener) => listening(drops, listener),
    pickFile: async () => "/home/ada/payments-desk/labels.jsonl",
    pickFolder: async () => "/home/ada/payments-desk",
    emit: (event) => events.forEach((listener) => listener(event)),
    drop: (path) => drops.forEach((listener) => listener(path)),
  };
  return host;
}

const keeping = (kept: Kept): Answers => ({
  kept_drafts: () => ({ drafts: [...kept.values()] }),
  keep_draft: (draft) => (kept.set(draft.path, draft), {}),
  forget_draft: ({ path }) => (kept.delete(path), {}),
});

function usual<C extends CommandName>(name: C, request: Commands[C][0]): Commands[C][1] {
  const step = "step" in request ? request.step : null;
  const path = "path" in request ? request.path : "";
  if (name === "why") return reply(name, whyVariant(Number(step)));
  if ("files" in request && request.files.length === 0) return reply(name, "saved");
  if ("mutate" in request && request.mutate) return reply(name, "mutate");
  if (name === "read_file") return { ...reply(name, fileVariant(path)), path } as Commands[C][1];
  return reply(name);
}

/** The canned reason that fits a step of the canned session. */
function whyVariant(step: number): string {
  const body = reply("steps").steps.find((one) => one.step === step)?.body;
  if (body?.kind !== "call") return "allowed";
  return body.uncertain ? "errors" : body.verdict;
}

const fileVariant = (path: string): string | undefined =>
  ({ cedarschema: "schema", json: "json", toml: "toml" })[path.split(".").at(-1) ?? ""];

function file(name: string): unknown {
  const found = FILES[`./canned/${name}.json`];
  if (found === undefined) throw new Error(`no canned reply \`${name}\``);
  return found;
}

async function listening<E>(all: Set<(event: E) => void>, listener: (event: E) => void): Promise<() => void> {
  all.add(listener);
  return () => all.delete(listener);
}
