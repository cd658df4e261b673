// The focus of whoever was on a button that another one takes the place of.

import { tick } from "svelte";

/** The button of `form` that is there now, marked `data-go`, gets the focus that the last one had. */
export async function keepFocus(form: HTMLElement | undefined): Promise<void> {
  const lost = form?.contains(document.activeElement) || document.activeElement === document.body;
  await tick();
  if (lost && !form?.contains(document.activeElement)) form?.querySelector<HTMLElement>("[data-go]")?.focus();
}
