// Every action of the person, declared once: palette, keys, shortcut sheet and buttons come from here.
//
// Not here: how keys are listened to (`keys.ts`), and what the actions do (`remit.svelte.ts`).

import type { Effect } from "../api/bindings";
import type { Document } from "../policy/documents.svelte";
import { firstText, freeName } from "../policy/places";
import { back, focusArea, focusElement } from "./focus";
import { AREAS, VIEWS, type Area, type View } from "./place.svelte";
import type { Remit } from "./remit.svelte";

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: "Move" | "Edit" | "Workspace" | "Window";
  /** Key bindings; the first is the one that is shown. */
  readonly keys: readonly string[];
  readonly when?: () => boolean;
  readonly run: () => void;
}

/** What only the frame of the window can do. */
export interface Frame {
  openPalette(): void;
  openSheet(): void;
  openPreferences(): void;
}

const AREA_NAMES: Readonly<Record<Area, string>> = {
  workspace: "the workspace",
  session: "the session",
  editor: "the editor",
  why: "why",
};

const VIEW_NAMES: Readonly<Record<View, { readonly words: string; readonly keys: string }>> = {
  session: { words: "the session", keys: "Shift+S" },
  changes: { words: "the changes, in text and in meaning", keys: "Shift+C" },
  search: { words: "steps of all sessions, by search", keys: "$mod+Shift+KeyF" },
  tests: { words: "the tests, and what they reach", keys: "Shift+X" },
  access: { words: "what agents may do", keys: "Shift+A" },
  schema: { words: "the schema, and the calls that do not fit it", keys: "Shift+M" },
  entities: { words: "agents, tools, servers and groups", keys: "Shift+E" },
  learn: { words: "what a scope could be, learnt from sessions", keys: "Shift+L" },
  friction: { words: "what tasks need and guardrails deny", keys: "Shift+I" },
  score: { words: "how well the verdicts agree with labels", keys: "Shift+O" },
};

type Service = (services: NonNullable<Remit["services"]>) => Promise<void>;

/** What the host knows of the place where the cursor is. */
const SERVICES: readonly {
  readonly id: string;
  readonly title: string;
  readonly keys: string;
  readonly run: Service;
}[] = [
  { id: "definition", title: "Go to the definition", keys: "F12", run: (of) => of.toDefinition() },
  { id: "references", title: "Where it is named", keys: "Shift+F12", run: (of) => of.toReferences() },
  { id: "rename", title: "Rename it everywhere", keys: "F2", run: (of) => of.beginRename() },
  { id: "fixes", title: "Mend what is wrong here", keys: "$mod+.", run: (of) => of.mend() },
  { id: "outline", title: "Outline of the file", keys: "$mod+Shift+KeyO", run: (of) => of.toOutline() },
];

export function commands(remit: Remit, frame: Frame): Command[] {
  return [
    ...moving(remit),
    ...areas(remit),
    ...picking(remit),
    ...editing(remit),
    ...workspaces(remit),
    ...windows(remit, frame),
  ];
}

function moving(remit: Remit): Command[] {
  const open = () => remit.workspace !== null;
  const inSession = () => remit.transcript.view !== null;
  const step = (by: 1 | -1) => void remit.selection.nextStep(by);
  return [
    {
      id: "next-finding",
      title: "Next finding",
      group: "Move",
      keys: ["]"],
      when: open,
      run: () => void remit.selection.nextFinding(1),
    },
    {
      id: "previous-finding",
      title: "Previous finding",
      group: "Move",
      keys: ["["],
      when: open,
      run: () => void remit.selection.nextFinding(-1),
    },
    { id: "next-step", title: "Next step", group: "Move", keys: ["j"], when: inSession, run: () => step(1) },
    {
      id: "previous-step",
      title: "Previous step",
      group: "Move",
      keys: ["k"],
      when: inSession,
      run: () => step(-1),
    },
    {
      id: "next-session",
      title: "Next session",
      group: "Move",
      keys: ["n"],
      when: open,
      run: () => void remit.selection.nextSession(1),
    },
    {
      id: "previous-session",
      title: "Previous session",
      group: "Move",
      keys: ["p"],
      when: open,
      run: () => void remit.selection.nextSession(-1),
    },
    {
      id: "next-change",
      title: "Next call that the last edit changed",
      group: "Move",
      keys: ["c"],
      when: () => remit.corpus.changes !== null,
      run: () => void remit.selection.nextChange(),
    },
    {
      id: "why",
      title: "Why",
      group: "Move",
      keys: ["Enter"],
      when: () => remit.selection.why.data !== null,
      run: () => goTo(remit, "why"),
    },
    ...VIEWS.map((view) => ({
      id: `view-${view}`,
      title: `Show ${VIEW_NAMES[view].words}`,
      group: "Move" as const,
      keys: [VIEW_NAMES[view].keys],
      when: open,
      run: () => remit.show(view),
    })),
    {
      id: "stop-this",
      title: "Draft rules that would have stopped this call",
      group: "Edit",
      keys: ["s"],
      when: () =>
        remit.selection.why.data?.request != null && remit.selection.why.data.call.verdict !== "denied",
      run: () => void remit.stopThis(),
    },
    {
      id: "report-html",
      title: "Write the report of this session as HTML",
      group: "Workspace",
      keys: ["Shift+W"],
      when: inSession,
      run: () => void remit.exportReport("html"),
    },
    {
      id: "report-markdown",
      title: "Write the report of this session as Markdown",
      group: "Workspace",
      keys: [],
      when: inSession,
      run: () => void remit.exportReport("markdown"),
    },
    {
      id: "learn-task",
      title: "Learn the scope of this session’s task",
      group: "Edit",
      keys: ["Shift+T"],
      when: () => (remit.transcript.view?.row.task ?? null) !== null,
      run: () => void remit.learnTask(),
    },
    {
      id: "filter",
      title: "Filter sessions",
      group: "Move",
      keys: ["/"],
      when: open,
      run: () => void toFilter(remit),
    },
    {
      id: "back",
      title: "Back to where you came from",
      group: "Move",
      keys: ["Escape"],
      run: () => goBack(remit),
    },
  ];
}

/** What is made of recorded calls. */
function picking(remit: Remit): Command[] {
  const { picked, drafting } = remit;
  const inSession = () => remit.transcript.view !== null;
  const some = () => drafting.positions.length > 0;
  const begin = (effect: Effect) => () => {
    void drafting.begin(effect);
    goTo(remit, "why");
  };
  const pick = (by: 1 | -1) => () => void picked.extendBy(by);
  return [
    {
      id: "pick",
      title: "Pick the selected call, or take the pick back",
      group: "Edit",
      keys: ["x"],
      when: () => remit.place.where.step !== null,
      run: () => remit.place.where.step !== null && void picked.toggle(remit.place.where.step),
    },
    {
      id: "pick-next",
      title: "Pick the next call, too",
      group: "Edit",
      keys: ["Shift+ArrowDown", "Shift+J"],
      when: inSession,
      run: pick(1),
    },
    {
      id: "pick-previous",
      title: "Pick the previous call, too",
      group: "Edit",
      keys: ["Shift+ArrowUp", "Shift+K"],
      when: inSession,
      run: pick(-1),
    },
    {
      id: "unpick",
      title: "Forget the picked calls",
      group: "Edit",
      keys: [],
      when: () => picked.calls.size > 0,
      run: () => picked.clear(),
    },
    {
      id: "forbid-calls",
      title: "New policy that forbids these calls",
      group: "Edit",
      keys: [],
      when: some,
      run: begin("forbid"),
    },
    {
      id: "permit-calls",
      title: "New policy that permits these calls",
      group: "Edit",
      keys: [],
      when: some,
      run: begin("permit"),
    },
    {
      id: "add-rule",
      title: "Add a common rule…",
      group: "Edit",
      keys: ["Shift+R"],
      when: () => remit.workspace !== null,
      run: () => void remit.rules.begin(),
    },
  ];
}

function areas(remit: Remit): Command[] {
  return AREAS.map((area, at) => ({
    id: `area-${area}`,
    title: `Go to ${AREA_NAMES[area]}`,
    group: "Move",
    keys: [String(at + 1)],
    when: () => remit.workspace !== null && (area !== "editor" || remit.documents.current !== null),
    run: () => goTo(remit, area),
  }));
}

function editing(remit: Remit): Command[] {
  const current = () => remit.documents.current;
  const withCurrent = (run: (document: NonNullable<ReturnType<typeof current>>) => void) => () => {
    const document = current();
    if (document) run(document);
  };
  const editable = () => current() !== null;
  return [
    {
      id: "edit-policy",
      title: "Edit the deciding policy",
      group: "Edit",
      keys: ["e"],
      when: () => remit.selection.decidingPolicy !== null,
      run: () => void editDeciding(remit),
    },
    {
      id: "save",
      title: "Save and replay",
      group: "Edit",
      keys: ["$mod+KeyS"],
      when: editable,
      run: withCurrent((document) => void remit.documents.save(document)),
    },
    {
      id: "format",
      title: "Format the file",
      group: "Edit",
      keys: ["Shift+Alt+KeyF"],
      when: editable,
      run: withCurrent((document) => void remit.documents.format(document)),
    },
    {
      id: "discard",
      title: "Discard the unsaved text of the file",
      group: "Edit",
      keys: [],
      when: () => current()?.dirty === true,
      run: withCurrent((document) => document.discard()),
    },
    {
      id: "close-file",
      title: "Close the file",
      group: "Edit",
      keys: ["$mod+KeyW"],
      when: editable,
      run: withCurrent((document) => closeFile(remit, document)),
    },
    ...SERVICES.map(({ id, title, keys, run }) => ({
      id,
      title,
      group: "Edit" as const,
      keys: [keys],
      when: () => remit.services !== null,
      run: () => remit.services && void run(remit.services),
    })),
    {
      id: "new-file",
      title: "New guardrail file",
      group: "Edit",
      keys: ["$mod+KeyN"],
      when: () => remit.workspace !== null,
      run: () => void newFile(remit),
    },
    {
      id: "undo-file-step",
      title: "Undo the last change of files",
      group: "Edit",
      keys: ["$mod+Alt+KeyZ"],
      when: () => remit.files.next.undo !== null,
      run: () => void remit.files.undo(),
    },
    {
      id: "redo-file-step",
      title: "Redo the last change of files",
      group: "Edit",
      keys: ["$mod+Alt+Shift+KeyZ"],
      when: () => remit.files.next.redo !== null,
      run: () => void remit.files.redo(),
    },
    {
      id: "remove-file",
      title: "Remove the file",
      group: "Edit",
      keys: [],
      when: () => current() !== null && current()?.base.kind !== "config",
      run: withCurrent((document) => void remit.files.remove(document.path)),
    },
    {
      id: "show-policies",
      title: "Show the policies",
      group: "Edit",
      keys: ["Shift+P"],
      when: () => remit.workspace !== null,
      run: () => remit.place.go({ tab: "policies", area: "workspace" }),
    },
    {
      id: "show-files",
      title: "Show the files",
      group: "Edit",
      keys: ["Shift+F"],
      when: () => remit.workspace !== null,
      run: () => remit.place.go({ tab: "files", area: "workspace" }),
    },
  ];
}

function workspaces(remit: Remit): Command[] {
  return [
    {
      id: "open",
      title: "Open a workspace…",
      group: "Workspace",
      keys: ["$mod+KeyO"],
      run: () => void remit.chooseAndOpen(),
    },
    {
      id: "open-sample",
      title: "Open the sample incident",
      group: "Workspace",
      keys: [],
      run: () => void remit.openSample(),
    },
    {
      id: "start-page",
      title: "Go to the start page",
      group: "Workspace",
      keys: [],
      when: () => remit.workspace !== null,
      run: () => remit.toStart(),
    },
    ...(remit.info?.recent ?? []).map((recent) => ({
      id: `recent-${recent.path}`,
      title: `Open ${recent.name} (${recent.path})`,
      group: "Workspace" as const,
      keys: [],
      run: () => void remit.open(recent.path),
    })),
  ];
}

function windows({ preference }: Remit, frame: Frame): Command[] {
  return [
    {
      id: "palette",
      title: "All commands",
      group: "Window",
      keys: ["$mod+KeyK"],
      run: () => frame.openPalette(),
    },
    {
      id: "shortcuts",
      title: "Keyboard shortcuts",
      group: "Window",
      keys: ["Shift+?", "?"],
      run: () => frame.openSheet(),
    },
    {
      id: "preferences",
      title: "Preferences",
      group: "Window",
      keys: ["$mod+,"],
      run: () => frame.openPreferences(),
    },
    {
      id: "theme",
      title: "Switch theme: system, light, dark",
      group: "Window",
      keys: ["t"],
      run: () => preference.nextTheme(),
    },
    {
      id: "zoom-in",
      title: "Larger",
      group: "Window",
      keys: ["$mod+=", "$mod+Shift++"],
      run: () => preference.zoomBy(1),
    },
    { id: "zoom-out", title: "Smaller", group: "Window", keys: ["$mod+-"], run: () => preference.zoomBy(-1) },
    {
      id: "zoom-reset",
      title: "Usual size",
      group: "Window",
      keys: ["$mod+0"],
      run: () => preference.zoomBy(0),
    },
  ];
}

/** Shows an area (in a narrow window only one is in view) and moves the focus there. */
export function goTo(remit: Remit, area: Area): void {
  remit.place.go({ area });
  requestAnimationFrame(() => focusArea(area));
}

/** The focus goes to the next file, or back to the session: never nowhere. */
export function closeFile(remit: Remit, document: Document): void {
  remit.closeFile(document);
  goTo(remit, remit.documents.current ? "editor" : "session");
}

/** A guardrail file with a free name, ready to be written. */
async function newFile(remit: Remit): Promise<void> {
  const path = freeName("guardrails/new.cedar", remit.workspace?.files ?? []);
  if (!(await remit.files.make(path, firstText(path)))) return;
  await remit.openFile(path);
  goTo(remit, "editor");
}

async function toFilter(remit: Remit): Promise<void> {
  remit.place.go({ tab: "sessions", area: "workspace" });
  requestAnimationFrame(() => focusElement("[data-area-filter]"));
}

async function editDeciding(remit: Remit): Promise<void> {
  const policy = remit.selection.decidingPolicy;
  if (!policy) return;
  await remit.openFile(policy.file, null, policy.line);
  goTo(remit, "editor");
}

function goBack(remit: Remit): void {
  if (!back()) focusArea("session");
  if (remit.place.where.area === "why") remit.place.go({ area: "session" });
}
