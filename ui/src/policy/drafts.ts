// Unsaved text, kept by the host in the app's own folder, so that neither a reload nor a crash loses it.

import type { KeptDraft } from "../api/bindings";
import { call } from "../api/client";

/** Writing at every key would hold up the next one. */
const PAUSE_MS = 250;
/** What is to be kept; `null` for what is to be forgotten. */
const waiting = new Map<string, KeptDraft | null>();
let pause: ReturnType<typeof setTimeout> | undefined;

/** The unsaved texts of the open workspace, of before. */
export async function keptDrafts(): Promise<readonly KeptDraft[]> {
  await write();
  // Unsaved text that cannot be read must not keep the workspace from opening.
  return (await call("kept_drafts", {}).catch(() => ({ drafts: [] }))).drafts;
}

/** Keeps a draft a moment later, and before the window goes away. */
export function keepDraft(draft: KeptDraft): void {
  waiting.set(draft.path, draft);
  clearTimeout(pause);
  pause = setTimeout(() => void write(), PAUSE_MS);
}

export function forgetDraft(path: string): void {
  waiting.set(path, null);
  clearTimeout(pause);
  pause = setTimeout(() => void write(), PAUSE_MS);
}

/** Writes what waits, before something else is open. */
export async function write(): Promise<void> {
  clearTimeout(pause);
  const now = [...waiting];
  waiting.clear();
  for (const [path, draft] of now) {
    const done = draft ? call("keep_draft", draft) : call("forget_draft", { path });
    // The disk is full or forbidden: the text is still in the editor, only a crash would lose it.
    await done.catch(() => null);
  }
}

addEventListener("pagehide", () => void write());
document.addEventListener("visibilitychange", () => void write());
