// A corpus as large as the window must bear, for the demo: a million calls in 50,000 sessions.

import type { CallPlace, SessionPage, SessionsRequest, Summary } from "../api/bindings";
import { reply } from "./canned";

const SESSIONS = 50_000;
const CALLS = 20;

/** Every call allowed but for a few; `seed` says which. */
export function largeColumn(seed: number): Uint8Array {
  const column = new Uint8Array(SESSIONS * CALLS);
  for (let at = 0, random = seed; at < column.length; at++) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const rare = at % 300_000 < 90_000 ? 7 : 1;
    const code = random % (97 * rare) === 0 ? 1 : random % (11 * rare) === 0 ? 2 : 0;
    column[at] = (at % CALLS === 0 ? 128 : 0) | code;
  }
  return column;
}

export function largePage({ start, len }: SessionsRequest): SessionPage {
  const page = reply("sessions");
  const many = Math.max(0, Math.min(len, SESSIONS - start));
  const rows = Array.from({ length: many }, (_, at) => {
    const row = page.rows[(start + at) % page.rows.length];
    return row ? [{ ...row, session: start + at, id: `${row.id}-${start + at}` }] : [];
  });
  return { ...page, total: SESSIONS, rows: rows.flat() };
}

export const largePlace = (position: number): CallPlace => ({
  session: Math.floor(position / CALLS),
  step: reply("session").calls[position % reply("session").calls.length]?.step ?? 0,
});

export function largeSummary(column: Uint8Array, summary: Summary): Summary {
  const calls = new Uint32Array(4);
  for (const byte of column) calls[byte & 3] = (calls[byte & 3] ?? 0) + 1;
  const [allowed = 0, denied = 0, drifted = 0, unknown = 0] = calls;
  return { ...summary, sessions: SESSIONS, toolCalls: column.length, allowed, denied, drifted, unknown };
}
