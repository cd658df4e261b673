// Where the person is: which session, step, filter, tab and file. It lives in the URL, so that every
// view is linkable and survives a reload.
//
// Not here: what is shown there (the controllers ask for that), and unsaved text.

import type { DriftSeverity, Verdict } from "../api/bindings";
import { BY_CODE, SEVERITIES } from "../verdict/verdict";

export type Tab = "sessions" | "policies" | "files";
/** What the middle of the bench shows. */
export type View =
  | "session"
  | "changes"
  | "search"
  | "tests"
  | "access"
  | "schema"
  | "entities"
  | "learn"
  | "score"
  | "friction";
export type Area = "workspace" | "session" | "editor" | "why";

export interface Where {
  readonly session: number | null;
  readonly step: number | null;
  readonly text: string;
  readonly verdict: Verdict | null;
  readonly severity: DriftSeverity | null;
  readonly tab: Tab;
  readonly area: Area;
  readonly view: View;
  readonly file: string | null;
}

export const NOWHERE: Where = {
  session: null,
  step: null,
  text: "",
  verdict: null,
  severity: null,
  tab: "sessions",
  area: "session",
  view: "session",
  file: null,
};

const TABS: readonly Tab[] = ["sessions", "policies", "files"];
export const VIEWS: readonly View[] = [
  "session",
  "changes",
  "search",
  "tests",
  "access",
  "schema",
  "entities",
  "learn",
  "score",
  "friction",
];
export const AREAS: readonly Area[] = ["workspace", "session", "editor", "why"];

export class Place {
  #where = $state.raw<Where>(NOWHERE);

  get where(): Where {
    return this.#where;
  }

  go(change: Partial<Where>): void {
    this.#where = { ...this.#where, ...change };
    history.replaceState(null, "", `#${write(this.#where)}`);
  }

  read(): void {
    this.#where = parse(location.hash.slice(1));
  }
}

/** Only what differs from nowhere. */
export function write(where: Where): string {
  const parts = Object.entries(where).filter(([key, value]) => value !== Reflect.get(NOWHERE, key));
  return new URLSearchParams(parts.map(([key, value]) => [key, String(value ?? "")])).toString();
}

/** Whatever cannot be read is as it is nowhere. */
export function parse(hash: string): Where {
  const given = new URLSearchParams(hash);
  return {
    session: index(given.get("session")),
    step: index(given.get("step")),
    text: given.get("text") ?? "",
    verdict: oneOf(BY_CODE, given.get("verdict")) ?? null,
    severity: oneOf(SEVERITIES, given.get("severity")) ?? null,
    tab: oneOf(TABS, given.get("tab")) ?? NOWHERE.tab,
    area: oneOf(AREAS, given.get("area")) ?? NOWHERE.area,
    view: oneOf(VIEWS, given.get("view")) ?? NOWHERE.view,
    file: given.get("file"),
  };
}

const index = (text: string | null): number | null =>
  text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;

const oneOf = <T extends string>(all: readonly T[], text: string | null): T | undefined =>
  all.find((one) => one === text);
