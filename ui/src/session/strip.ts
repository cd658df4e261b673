// The strip of one session as four SVG paths: few nodes, however many calls.
//
// Wide cells hold the verdict's own shape; narrow ones a bar whose height says the verdict, so that
// colour is never alone. More calls than pixels are binned, and the worst verdict of a bin wins.

import type { Verdict } from "../api/bindings";
import { BY_CODE, weight } from "../verdict/verdict";

export const STRIP_HEIGHT = 12;
const WIDEST_CELL = 12;
const NARROWEST_SHAPE = 7;

const BAR: Readonly<Record<Verdict, number>> = { allowed: 4, unknown: 6, drifted: 9, denied: 12 };

export interface StripPaths {
  readonly cell: number;
  readonly paths: Readonly<Record<Verdict, string>>;
}

export function stripPaths(calls: readonly Verdict[], width: number): StripPaths {
  const cells = binned(calls, Math.max(1, Math.floor(width / 2)));
  const cell = Math.min(WIDEST_CELL, width / Math.max(1, cells.length));
  const draw = cell >= NARROWEST_SHAPE ? shapeAt : barAt;
  const paths: Record<Verdict, string> = { allowed: "", denied: "", drifted: "", unknown: "" };
  cells.forEach((verdict, at) => (paths[verdict] += draw(verdict, at * cell, cell)));
  return { cell, paths };
}

/** At most `most` cells, each the worst of its calls. */
export function binned(calls: readonly Verdict[], most: number): Verdict[] {
  if (calls.length <= most) return [...calls];
  return Array.from({ length: most }, (_, bin) =>
    worst(
      calls.slice(Math.floor((bin * calls.length) / most), Math.floor(((bin + 1) * calls.length) / most)),
    ),
  );
}

export const worst = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce<Verdict>((worst, next) => (weight(next) > weight(worst) ? next : worst), "allowed");

/** Which call lies at `x`. */
export function callAt(x: number, cell: number, calls: number, width: number): number {
  const cells = Math.min(calls, Math.max(1, Math.floor(width / 2)));
  const at = Math.min(cells - 1, Math.max(0, Math.floor(x / cell)));
  return Math.floor((at * calls) / Math.max(1, cells));
}

function shapeAt(verdict: Verdict, x: number, cell: number): string {
  const middle = x + cell / 2;
  const [left, right] = [middle - 3, middle + 3];
  switch (verdict) {
    case "allowed":
      return `M${left + 0.5} 6a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0`;
    case "denied":
      return `M${left} 3H${right}V9H${left}Z`;
    case "drifted":
      return `M${middle} 2.4L${right + 0.6} 9.4H${left - 0.6}Z`;
    case "unknown":
      return `M${left} 6a3 3 0 1 0 6 0a3 3 0 1 0 -6 0M${left + 1.3} 6a1.7 1.7 0 1 1 3.4 0a1.7 1.7 0 1 1 -3.4 0`;
  }
}

function barAt(verdict: Verdict, x: number, cell: number): string {
  const gap = cell > 3 ? 1 : 0;
  const tall = BAR[verdict];
  const bar = `M${x} ${STRIP_HEIGHT - tall}h${cell - gap}V${STRIP_HEIGHT}h${gap - cell}Z`;
  return verdict === "unknown"
    ? `M${x} 6h${cell - gap}v2h${gap - cell}ZM${x} 10h${cell - gap}v2h${gap - cell}Z`
    : bar;
}

/** "8 tool calls: 2 denied, 1 drifted, 5 allowed". */
export const stripOrder: readonly Verdict[] = BY_CODE;
