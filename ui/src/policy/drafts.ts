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
  write();
  const start = key(root, "");
  const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? "");
  return keys.flatMap((one) => (one.startsWith(start) ? [one.slice(start.length)] : [])).toSorted();
}

/** Writing at every key would hold up the next one. */
const PAUSE_MS = 250;
const waiting = new Map<string, Draft>();
let pause: ReturnType<typeof setTimeout> | undefined;

/** Keeps a draft a moment later, and before the window goes away. */
export function keepDraft(root: string, path: string, draft: Draft): void {
  waiting.set(key(root, path), draft);
  clearTimeout(pause);
  pause = setTimeout(write, PAUSE_MS);
}

function write(): void {
  clearTimeout(pause);
  for (const [key, draft] of waiting) {
    try {
      localStorage.setItem(key, JSON.stringify(draft));
    } catch {
      // Storage is full or forbidden: the text is still in the editor, only a reload would lose it.
    }
  }
  waiting.clear();
}

addEventListener("pagehide", write);
document.addEventListener("visibilitychange", write);

export function readDraft(root: string, path: string): Draft | null {
  write();
  try {
    const draft: unknown = JSON.parse(localStorage.getItem(key(root, path)) ?? "null");
    return isDraft(draft) ? draft : null;
  } catch {
    return null;
  }
}

export function forgetDraft(root: string, path: string): void {
  waiting.delete(key(root, path));
  localStorage.removeItem(key(root, path));
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  return ["text", "base", "digest"].every((field) => typeof Reflect.get(value, field) === "string");
}
