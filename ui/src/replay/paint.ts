// Draws the corpus strip: one bar a call, or a bin, whose height says the verdict as well as its colour,
// and above it a mark where an edit changed something.

import type { Verdict } from "../api/bindings";
import { BY_CODE } from "../verdict/verdict";
import type { Bins } from "./bins";

/** Share of the height that a bar takes. */
const TALL: Readonly<Record<Verdict, number>> = { allowed: 0.34, unknown: 0.56, drifted: 0.78, denied: 1 };

/** In pixels of the page. */
const HOLLOW_LINE = 2;
const MARK = { least: 3, most: 8, tall: 3, room: 5 };

export interface Canvas {
  readonly context: CanvasRenderingContext2D;
  /** In device pixels. */
  readonly width: number;
  readonly height: number;
  /** Device pixels in one of the page. */
  readonly ratio: number;
}

/** What things are drawn in. */
export interface Colours {
  /** By code. */
  readonly verdicts: readonly string[];
  readonly changed: string;
}

export function paint(canvas: Canvas, { worst, changed }: Bins, colours: Colours): void {
  const { context, width, height, ratio } = canvas;
  context.clearRect(0, 0, width, height);
  const step = width / Math.max(1, worst.length);
  const gap = step >= 4 ? 1 : 0;
  const room = height - Math.round(MARK.room * ratio);
  worst.forEach((code, at) => {
    const verdict = BY_CODE[code] ?? "unknown";
    const tall = Math.round(room * TALL[verdict]);
    const [left, right] = [Math.round(at * step), Math.round((at + 1) * step)];
    const bar = { x: left, y: height - tall, wide: Math.max(1, right - left - gap), tall };
    context.fillStyle = colours.verdicts[code] ?? "";
    context.fillRect(bar.x, bar.y, bar.wide, bar.tall);
    if (verdict === "unknown") hollow(context, bar);
  });
  context.fillStyle = colours.changed;
  changed.forEach((mark, at) => mark && drawMark(canvas, (at + 0.5) * step, step - gap));
}

interface Bar {
  readonly x: number;
  readonly y: number;
  readonly wide: number;
  readonly tall: number;
}

/** A hollow bar, as the ring is a hollow disc; its sides too where there is room. */
function hollow(context: CanvasRenderingContext2D, { x, y, wide, tall }: Bar): void {
  const side = wide > 3 * HOLLOW_LINE ? HOLLOW_LINE : 0;
  context.clearRect(x + side, y + HOLLOW_LINE, wide - 2 * side, tall - 2 * HOLLOW_LINE);
}

function drawMark({ context, ratio }: Canvas, middle: number, bar: number): void {
  const wide = Math.round(Math.min(MARK.most * ratio, Math.max(MARK.least * ratio, bar)));
  context.fillRect(Math.round(middle - wide / 2), 0, wide, Math.round(MARK.tall * ratio));
}
