// Unsaved text, kept by the browser so that a reload does not lose it.

export interface Draft {
  readonly text: string;
  /** The text that the edit started from, and its digest. */
  readonly base: string;
  readonly digest: string;
}

const key = (root: string, path: string): string => `remit.draft:${root}:${path}`;

/** The files of a workspace that have unsaved text, in a fixed order. */
export function draftPaths(root: string): string[] {
  const start = key(root, "");
  const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? "");
  return keys.flatMap((one) => (one.startsWith(start) ? [one.slice(start.length)] : [])).toSorted();
}

export function keepDraft(root: string, path: string, draft: Draft): void {
  try {
    localStorage.setItem(key(root, path), JSON.stringify(draft));
  } catch {
    // Storage is full or forbidden: the text is still in the editor, only a reload would lose it.
  }
}

export function readDraft(root: string, path: string): Draft | null {
  try {
    const draft: unknown = JSON.parse(localStorage.getItem(key(root, path)) ?? "null");
    return isDraft(draft) ? draft : null;
  } catch {
    return null;
  }
}

export function forgetDraft(root: string, path: string): void {
  localStorage.removeItem(key(root, path));
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  return ["text", "base", "digest"].every((field) => typeof Reflect.get(value, field) === "string");
}
