// The canned host, made lively enough to design against: `npm run dev`, then `?host=canned`.
//
// `&state=first|blocked|empty|running|mismatch|large` shows a designed state. Never in a shipped build.

import type { Row } from "./demo-rows";
import { canned, cannedColumn, reply, type Canned } from "./canned";
import { matches, placeOf } from "./demo-rows";
import { largeColumn, largePage, largePlace, largeSummary } from "./large";

export function demo(): Canned {
  const state = new URLSearchParams(location.search).get("state") ?? undefined;
  const rows: readonly Row[] = reply("sessions").rows;
  const info = reply("app_info", state === "first" ? "first" : undefined);
  const variant = state === "blocked" || state === "empty" || state === "running" ? state : undefined;
  let workspace = reply("workspace", variant);
  let revision = workspace.revision;
  let saved = false;
  let open = state !== "start" && state !== "first";
  const columnOf = (changed: boolean) => {
    if (state === "large") return largeColumn(changed ? Math.floor(Math.random() * 1e6) : 1);
    return cannedColumn(changed ? "changed" : undefined);
  };
  const host = canned({
    app_info: () => info,
    workspace: () => {
      if (open) return workspace;
      throw { code: "noWorkspace", message: "no workspace is open", help: null };
    },
    open_sample: () => ((open = true), workspace),
    sessions: (request) => {
      if (state === "large") return largePage(request);
      const { start, len, text, verdict } = request;
      const found = state === "empty" ? [] : rows.filter((row) => matches(row, text, verdict));
      return {
        ...reply("sessions", state === "empty" ? "empty" : undefined),
        total: found.length,
        rows: found.slice(start, start + len),
      };
    },
    session: ({ session }) => ({ ...reply("session"), row: rows[session] ?? reply("session").row }),
    call_at: ({ position }) =>
      state === "large" ? largePlace(position) : placeOf(rows, reply("session").calls, position),
    judge_drafts: ({ files }) => {
      const broken = files.some((one) => one.text.includes("recource"));
      if (!broken) host.column = columnOf(files.length > 0 || saved);
      const variant = broken ? "broken" : files.length > 0 || saved ? undefined : "saved";
      const answer = { ...reply("judge_drafts", variant), revision: ++revision };
      if (state !== "large" || !answer.summary) return answer;
      return { ...answer, summary: largeSummary(host.column, answer.summary) };
    },
    check_draft: ({ path, text }) => ({
      findings: path.endsWith(".cedar") && text.includes("recource") ? reply("check_draft").findings : [],
    }),
    set_preferences: (chosen) => chosen,
    save_file: () => {
      saved = true;
      revision++;
      host.column = columnOf(true);
      const { summary } = reply("judge_drafts");
      const replay = summary ? ({ state: "ready", summary } as const) : workspace.replay;
      workspace = { ...workspace, revision, replay };
      setTimeout(() => host.emit({ event: "replayFinished", revision }), 900);
      const answer = reply("save_file");
      return { ...answer, workspace: { ...answer.workspace, revision } };
    },
  });
  host.column = columnOf(false);
  if (state === "large" && workspace.replay.state === "ready") {
    const summary = largeSummary(host.column, workspace.replay.summary);
    workspace = { ...workspace, replay: { state: "ready", summary } };
  }
  if (state === "mismatch") {
    const details = "session 0, step 10, guardrails: the matrix allows, the reference denies";
    const example = { session: 0, step: 10 };
    const event = {
      event: "selfCheckFailed",
      revision: 1,
      checked: 200,
      wrong: 1,
      example,
      details,
    } as const;
    setTimeout(() => host.emit(event), 500);
  }
  return host;
}
