// How the demo finds sessions and calls; the real host does this in Rust.

import type { CallPlace, CallTick, SessionRow, Verdict } from "../api/bindings";

export type Row = SessionRow;

export const matches = (row: Row, text: string, verdict: Verdict | null): boolean =>
  (verdict === null || row.summary[verdict] > 0) &&
  `${row.id} ${row.task} ${row.agent} ${row.goal}`.toLowerCase().includes(text.toLowerCase());

export function placeOf(rows: readonly Row[], ticks: readonly CallTick[], position: number): CallPlace {
  let before = 0;
  for (const row of rows) {
    if (position < before + row.strip.length) {
      return { session: row.session, step: ticks[Math.min(position - before, ticks.length - 1)]?.step ?? 0 };
    }
    before += row.strip.length;
  }
  return { session: 0, step: 0 };
}
