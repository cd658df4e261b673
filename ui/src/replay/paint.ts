// Draws the corpus strip, and above it a mark where an edit changed something.
//
// With room for every call: one bar each, whose height says the verdict as well as its colour. With more
// calls than room: one bar a bin, the verdicts in it stacked, worst on top; each that occurs is seen.

import { BY_CODE, BY_WEIGHT } from "../verdict/verdict";
import type { Bins } from "./bins";

/** By code: share of the height that the bar of one call takes. */
const TALL = BY_CODE.map((verdict) => ({ allowed: 0.34, unknown: 0.56, drifted: 0.78, denied: 1 })[verdict]);
/** Codes, worst first. */
const FROM_TOP = BY_WEIGHT.map((verdict) => BY_CODE.indexOf(verdict));
const UNKNOWN = BY_CODE.indexOf("unknown");
const KINDS = BY_CODE.length;

/** In pixels of the page. */
const HOLLOW_LINE = 2;
const LEAST_LAYER = 2;
const MARK = { least: 3, most: 8, tall: 3, room: 5 };
/** How faint the mark of a bin is in which hardly anything changed. */
const FAINTEST = 0.35;

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

export function paint(canvas: Canvas, bins: Bins, calls: number, colours: Colours): void {
  const { context, width, height } = canvas;
  context.clearRect(0, 0, width, height);
  if (calls <= bins.size) paintCalls(canvas, bins, colours);
  else paintLayers(canvas, bins, colours);
  paintMarks(canvas, bins, colours);
}

function paintCalls(canvas: Canvas, { size, calls }: Bins, colours: Colours): void {
  const { context, width, height } = canvas;
  const step = width / Math.max(1, size);
  const gap = gapOf(step);
  const room = roomOf(canvas);
  for (let at = 0; at < size; at++) {
    const code = calls.subarray(at * KINDS, (at + 1) * KINDS).indexOf(1);
    const tall = Math.round(room * (TALL[code] ?? 1));
    const [left, right] = [Math.round(at * step), Math.round((at + 1) * step)];
    const bar = { x: left, y: height - tall, wide: Math.max(1, right - left - gap), tall };
    context.fillStyle = colours.verdicts[code] ?? "";
    context.fillRect(bar.x, bar.y, bar.wide, bar.tall);
    if (code === UNKNOWN) hollow(context, bar);
  }
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

/** One colour after the other: changing it for each bar would cost more than the bars. */
function paintLayers(canvas: Canvas, { size, calls }: Bins, colours: Colours): void {
  const { context, height, ratio } = canvas;
  const room = roomOf(canvas);
  const least = Math.round(LEAST_LAYER * ratio);
  /** What is left of each bin, in pixels and in calls. */
  const left = new Uint32Array(size).fill(room);
  const rest = Uint32Array.from({ length: size }, (_, bin) =>
    calls.subarray(bin * KINDS, (bin + 1) * KINDS).reduce((sum, n) => sum + n, 0),
  );
  for (const code of FROM_TOP) {
    context.fillStyle = colours.verdicts[code] ?? "";
    for (let bin = 0; bin < size; bin++) {
      const many = calls[bin * KINDS + code] ?? 0;
      if (many === 0) continue;
      const [tall, all] = [left[bin] ?? 0, rest[bin] ?? 1];
      const layer = many === all ? tall : Math.min(tall, Math.max(least, Math.round((tall * many) / all)));
      context.fillRect(bin, height - tall, 1, layer);
      left[bin] = tall - layer;
      rest[bin] = all - many;
    }
  }
}

function paintMarks(canvas: Canvas, { size, calls, changed }: Bins, colours: Colours): void {
  const { context, width, ratio } = canvas;
  const step = width / Math.max(1, size);
  const wide = Math.round(Math.min(MARK.most * ratio, Math.max(MARK.least * ratio, step - gapOf(step))));
  context.fillStyle = colours.changed;
  for (let bin = 0; bin < size; bin++) {
    const many = changed[bin] ?? 0;
    if (many === 0) continue;
    const all = calls.subarray(bin * KINDS, (bin + 1) * KINDS).reduce((sum, n) => sum + n, 0);
    context.globalAlpha = Math.max(FAINTEST, Math.sqrt(many / all));
    context.fillRect(Math.round((bin + 0.5) * step - wide / 2), 0, wide, Math.round(MARK.tall * ratio));
  }
  context.globalAlpha = 1;
}

const roomOf = ({ height, ratio }: Canvas): number => height - Math.round(MARK.room * ratio);

const gapOf = (step: number): number => (step >= 4 ? 1 : 0);
