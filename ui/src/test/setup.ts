// A window with a size, since the test's has none: lists show rows only where there is room.

import { cleanup, configure } from "@testing-library/svelte";
import { afterEach, beforeEach } from "vitest";

// Whole pages in a message hide what it says. A busy machine is no failure.
configure({ getElementError: (message) => new Error(message ?? "not found"), asyncUtilTimeout: 20_000 });

const WIDTH = 1400;
const HEIGHT = 900;
const ROW = 40;

class SizedObserver implements ResizeObserver {
  constructor(readonly callback: ResizeObserverCallback) {}

  observe(target: Element): void {
    const isRow =
      target.closest("article, [role=row]") !== null || target.parentElement?.style.contain === "size style";
    const box = { width: WIDTH, height: isRow ? ROW : HEIGHT };
    const size = [{ inlineSize: box.width, blockSize: box.height }];
    const entry = {
      target,
      contentRect: DOMRect.fromRect(box),
      borderBoxSize: size,
      contentBoxSize: size,
      devicePixelContentBoxSize: size,
    };
    queueMicrotask(() => this.callback([entry], this));
  }
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver = SizedObserver;
const sized = (name: string, value: number): void => {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => value });
};
sized("clientWidth", WIDTH);
sized("clientHeight", HEIGHT);
sized("offsetWidth", WIDTH);
sized("offsetHeight", HEIGHT);
Object.defineProperty(HTMLElement.prototype, "offsetParent", {
  configurable: true,
  get: () => document.body,
});
Object.defineProperty(window, "innerWidth", { configurable: true, writable: true, value: WIDTH });
// Nothing is painted here, and the canvas says so itself.
HTMLCanvasElement.prototype.getContext = () => null;

beforeEach(() => {
  // The window of the case before is gone, and what it kept with it.
  window.dispatchEvent(new Event("pagehide"));
  localStorage.clear();
  history.replaceState(null, "", "#");
});
afterEach(() => {
  cleanup();
  document.body.removeAttribute("data-ready");
});
