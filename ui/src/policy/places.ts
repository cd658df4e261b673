// Where files of each kind are, and what a new one of them begins with.

import type { FileEntry, FileKind } from "../api/bindings";

/** A heading of the file list and the kinds below it. */
export interface Group {
  readonly title: string;
  readonly kinds: readonly FileKind[];
  /** What a new file of this group is called before the person names it; `null`: there are no more. */
  readonly suggest: string | null;
}

export const GROUPS: readonly Group[] = [
  { title: "Guardrails", kinds: ["guardrails"], suggest: "guardrails/new.cedar" },
  { title: "Scopes", kinds: ["scope", "tasks"], suggest: "scopes/new-task.cedar" },
  { title: "Schema and entities", kinds: ["schema", "entities"], suggest: null },
  { title: "Tests", kinds: ["tests"], suggest: "tests/new.toml" },
  { title: "Workspace", kinds: ["config", "other"], suggest: null },
];

/** The group's files, in their order. */
export const filesOf = (group: Group, files: readonly FileEntry[]): FileEntry[] =>
  files.filter((file) => group.kinds.includes(file.kind));

/** A name like `suggested` that no file has. */
export function freeName(suggested: string, files: readonly FileEntry[]): string {
  const taken = new Set(files.map((file) => file.path));
  const dot = suggested.lastIndexOf(".");
  for (let number = 1; ; number++) {
    const name = number === 1 ? suggested : `${suggested.slice(0, dot)}-${number}${suggested.slice(dot)}`;
    if (!taken.has(name)) return name;
  }
}

/** What is wrong with a name for a file, in words; `null` if nothing is. */
export function wrongName(path: string, files: readonly FileEntry[]): string | null {
  const endings = /\.(cedar|dw|cedarschema|json|md|toml)$/;
  if (path.trim() === "") return "give it a name";
  if (path.split("/").some((part) => part === "" || part.startsWith(".")))
    return "a name like guardrails/mail.cedar: no empty and no hidden parts";
  if (!endings.test(path)) return "the name ends in .cedar, .dw, .json, .toml or .md";
  if (files.some((file) => file.path === path)) return "there is such a file already";
  return null;
}

/** Part of a path to select when it is named: what comes after the folder, without the ending. */
export function nameRange(path: string): [from: number, to: number] {
  const from = path.lastIndexOf("/") + 1;
  const dot = path.lastIndexOf(".");
  return [from, dot > from ? dot : path.length];
}

/** What a new file of this name says: enough to see where to go on. */
export function firstText(path: string): string {
  const name = (path.split("/").at(-1) ?? path).replace(/\.[^.]+$/, "");
  if (/\.(cedar|dw)$/.test(path)) return `// ${name}\n`;
  if (path.startsWith("tests/")) return `# What is expected of the policies: see the shipped workspaces.\n`;
  return path.endsWith(".md") ? `# ${name}\n` : "";
}
