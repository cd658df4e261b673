// What tests of the real window wait for and reach into. No part of the app reads any of it.

import type { Document } from "../policy/documents.svelte";
import type { Remit } from "./remit.svelte";

interface Hook {
  readonly editor: { get(): string; set(text: string): void };
}

declare global {
  interface Window {
    __remit?: Hook;
  }
}

/** Says on the body how far the window is: `ready`, `replay`, `revision`, and what the counts are `of`. */
export function markBody(remit: Remit): void {
  const { dataset } = document.body;
  const { workspace, started } = remit;
  if (workspace) {
    dataset.replay = workspace.replay.state;
    dataset.revision = String(workspace.revision);
    dataset.of = remit.judgement.of;
  } else {
    delete dataset.replay;
    delete dataset.revision;
    delete dataset.of;
  }
  const painted = workspace ? remit.sessions.loaded && workspace.replay.state !== "running" : started;
  if (painted) requestAnimationFrame(() => (dataset.ready = "true"));
}

/** Lets a test read and set the text of the editor, as if it had been typed. */
export function hookEditor(current: () => Document | null): () => void {
  window.__remit = {
    editor: {
      get: () => current()?.text ?? "",
      set: (text) => current()?.replace(text),
    },
  };
  return () => delete window.__remit;
}
