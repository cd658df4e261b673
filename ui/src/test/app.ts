// Opens the whole app on canned replies, and waits until it has something to show.

import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import App from "../app/App.svelte";
import { useHost } from "../api/client";
import type { Canned } from "../host/canned";

export async function open(host: Canned): Promise<void> {
  useHost(host);
  render(App);
  await waitFor(() => {
    if (document.body.dataset.ready !== "true") throw new Error("not ready");
  });
}

/** Presses a key where the focus is. */
export async function press(key: string, options: KeyboardEventInit = {}): Promise<void> {
  const code = /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : key;
  await fireEvent.keyDown(document.activeElement ?? document.body, { key, code, bubbles: true, ...options });
}

export const byId = <E extends HTMLElement>(id: string): E => screen.getByTestId<E>(id);
export const allById = (id: string): HTMLElement[] => screen.queryAllByTestId(id);

/** Waits until the text of an element holds `words`. */
export async function until(id: string, words: string | RegExp): Promise<HTMLElement> {
  return waitFor(() => {
    const found = byId(id);
    const text = found.textContent ?? "";
    if (typeof words === "string" ? !text.includes(words) : !words.test(text))
      throw new Error(`\`${id}\` says: ${text}`);
    return found;
  });
}
