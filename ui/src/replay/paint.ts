// Draws the corpus strip: one bar a call, or a bin, whose height says the verdict as well as its colour.

import type { Verdict } from "../api/bindings";
import { BY_CODE } from "../verdict/verdict";
import { bins } from "./column";

/** Share of the height that a bar takes. */
const TALL: Readonly<Record<Verdict, number>> = { allowed: 0.34, unknown: 0.56, drifted: 0.78, denied: 1 };

const LINE = 2;

export interface Canvas {
  readonly context: CanvasRenderingContext2D;
  /** In device pixels. */
  readonly width: number;
  readonly height: number;
}

export function paint(canvas: Canvas, column: Uint8Array, colour: (verdict: Verdict) => string): void {
  const { context, width, height } = canvas;
  context.clearRect(0, 0, width, height);
  const codes = bins(column, width);
  const colours = BY_CODE.map(colour);
  const step = width / Math.max(1, codes.length);
  const gap = step >= 4 ? 1 : 0;
  codes.forEach((code, at) => {
    const verdict = BY_CODE[code] ?? "unknown";
    const tall = Math.round(height * TALL[verdict]);
    const [left, right] = [Math.round(at * step), Math.round((at + 1) * step)];
    context.fillStyle = colours[code] ?? "";
    context.fillRect(left, height - tall, Math.max(1, right - left - gap), tall);
    if (verdict === "unknown") hollow(context, left, height - tall, right - left - gap, tall);
  });
}

/** A hollow bar, as the ring is a hollow disc; its sides too where there is room. */
function hollow(context: CanvasRenderingContext2D, x: number, y: number, wide: number, tall: number): void {
  const side = wide > 3 * LINE ? LINE : 0;
  context.clearRect(x + side, y + LINE, Math.max(1, wide) - 2 * side, tall - 2 * LINE);
}
