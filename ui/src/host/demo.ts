// The canned host, made lively enough to design against: `npm run dev`, then `?host=canned`.
//
// `&state=first|blocked|empty|running` shows a designed state. Never in a shipped build.

import type { Row } from "./demo-rows";
import { canned, cannedColumn, reply, type Canned } from "./canned";
import { matches, placeOf } from "./demo-rows";

export function demo(): Canned {
  const state = new URLSearchParams(location.search).get("state") ?? undefined;
  const rows: readonly Row[] = reply("sessions").rows;
  const info = reply("app_info", state === "first" ? "first" : undefined);
  const workspace = reply("workspace", state === "first" || state === "start" ? undefined : state);
  let open = state !== "start" && state !== "first";
  const host = canned({
    app_info: () => info,
    workspace: () => {
      if (open) return workspace;
      throw { code: "noWorkspace", message: "no workspace is open", help: null };
    },
    open_sample: () => ((open = true), workspace),
    sessions: ({ start, len, text, verdict }) => {
      const found = state === "empty" ? [] : rows.filter((row) => matches(row, text, verdict));
      return {
        ...reply("sessions", state === "empty" ? "empty" : undefined),
        total: found.length,
        rows: found.slice(start, start + len),
      };
    },
    session: ({ session }) => ({ ...reply("session"), row: rows[session] ?? reply("session").row }),
    call_at: ({ position }) => placeOf(rows, reply("session").calls, position),
    check_draft: ({ path, text }) => ({
      findings: path.endsWith(".cedar") && text.includes("recource") ? reply("check_draft").findings : [],
    }),
    set_preferences: (chosen) => chosen,
    save_file: () => {
      const saved = reply("save_file");
      host.column = cannedColumn("changed");
      workspace.revision = saved.workspace.revision;
      setTimeout(() => host.emit({ event: "replayProgress", revision: 2, done: 40, total: 64 }), 300);
      setTimeout(() => host.emit({ event: "replayFinished", revision: 2 }), 900);
      return saved;
    },
  });
  return host;
}
