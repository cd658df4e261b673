// Which area has the focus, and where it came from.

import type { Area } from "./place.svelte";

const trail: HTMLElement[] = [];
const FOCUSABLE = 'button, [href], input, [tabindex="0"]';

/** Moves the focus into an area; `back` returns it. */
export function focusArea(area: Area): void {
  const found = [...document.querySelectorAll<HTMLElement>(`[data-area="${area}"]`)].find(
    (one) => !one.hidden,
  );
  const target = found?.hasAttribute("tabindex")
    ? found
    : (found?.querySelector<HTMLElement>('[tabindex="0"]') ?? found);
  if (target) moveTo(focusable(target));
}

export function focusElement(selector: string): void {
  const target = document.querySelector<HTMLElement>(selector);
  if (target) moveTo(target);
}

/** Returns the focus to where it came from; `false` if it came from nowhere. */
export function back(): boolean {
  for (let last = trail.pop(); last; last = trail.pop()) {
    if (!last.isConnected || last === document.activeElement) continue;
    last.focus();
    return true;
  }
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  return false;
}

/** Whether keys without Ctrl or Cmd are text here, and no commands. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest("input, textarea, select, [contenteditable=true], [role=dialog]") !== null
  );
}

/** Whether Enter already means something here. */
export const takesEnter = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("button, a, input, summary, [role=grid]") !== null;

function moveTo(target: HTMLElement): void {
  const from = document.activeElement;
  if (from instanceof HTMLElement && from !== document.body && from !== target) trail.push(from);
  target.focus();
}

const focusable = (target: HTMLElement): HTMLElement =>
  target.hasAttribute("tabindex") || target.isContentEditable || target.matches(FOCUSABLE)
    ? target
    : (target.querySelector<HTMLElement>(FOCUSABLE) ?? target);
