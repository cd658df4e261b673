import { cleanup, fireEvent, render, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { useHost } from "../api/client";
import { canned, cannedColumn, cannedError, reply } from "../host/canned";
import { compare } from "../replay/changes";
import { sessionStarts } from "../replay/column";
import { BY_CODE } from "../verdict/verdict";
import { allById, byId, open, press, until } from "../test/app";
import App from "./App.svelte";

const noWorkspace = () => {
  throw { code: "noWorkspace", message: "no workspace is open", help: null };
};

describe("at the start", () => {
  test("the start page offers the sample, a folder, recent ones and templates", async () => {
    await open(canned({ workspace: noWorkspace }));
    expect(byId("start")).toBeTruthy();
    expect(byId("open-sample").textContent).toContain("sample incident");
    expect(allById("recent")).toHaveLength(reply("app_info").recent.length);
    expect(byId("create")).toBeTruthy();
    expect(document.body.dataset.replay).toBeUndefined();
  });

  test("the very first one opens the sample, and says so", async () => {
    await open(canned({ workspace: noWorkspace, app_info: () => reply("app_info", "first") }));
    await until("sample-banner", "sample incident");
    expect(document.body.dataset.replay).toBe("ready");
  });

  test("a workspace that was named is opened", async () => {
    const host = canned({ workspace: noWorkspace, app_info: () => reply("app_info", "initial") });
    await open(host);
    expect(host.calls).toContainEqual({
      name: "open_workspace",
      request: { path: reply("app_info", "initial").initial },
    });
  });

  test("a typed path that is no workspace is refused with what to do", async () => {
    const refuse = () => Promise.reject(cannedError("notAWorkspace"));
    await open(canned({ workspace: noWorkspace, open_workspace: refuse }));
    await fireEvent.input(byId("path"), { target: { value: "/home/ada/pictures" } });
    await fireEvent.submit(byId("path"));
    const error = cannedError("notAWorkspace");
    await until("error", error.message);
    await until("error", error.help ?? "");
  });

  test("a dropped folder is opened", async () => {
    const host = canned({ workspace: noWorkspace });
    await open(host);
    host.drop("/home/ada/payments-desk");
    await waitFor(() => expect(document.body.dataset.replay).toBe("ready"));
    expect(host.calls).toContainEqual({
      name: "open_workspace",
      request: { path: "/home/ada/payments-desk" },
    });
  });
});

describe("the summary", () => {
  test("says each count of the replay, and coverage first", async () => {
    await open(canned());
    const { replay } = reply("workspace");
    if (replay.state !== "ready") throw new Error("the canned workspace is not replayed");
    for (const count of [
      "allowed",
      "denied",
      "drifted",
      "unknown",
      "toolCalls",
      "unscoped",
      "uncertain",
    ] as const) {
      expect(byId(`count-${count}`).dataset.count).toBe(String(replay.summary[count]));
    }
    expect(byId("count-toolCalls").textContent).toContain("decided");
  });

  test("filters the sessions by a verdict, and stops", async () => {
    const host = canned();
    await open(host);
    await fireEvent.click(byId("count-drifted"));
    await waitFor(() =>
      expect(host.calls).toContainEqual({
        name: "sessions",
        request: { start: 0, len: 50, text: "", verdict: "drifted", severity: null },
      }),
    );
    expect(byId("count-drifted").getAttribute("aria-pressed")).toBe("true");
    await fireEvent.click(byId("count-drifted"));
    await waitFor(() => expect(byId("count-drifted").getAttribute("aria-pressed")).toBe("false"));
  });
});

describe("designed states", () => {
  test("a workspace without recordings says where they go", async () => {
    const empty = {
      workspace: () => reply("workspace", "empty"),
      sessions: () => reply("sessions", "empty"),
    };
    await open(canned(empty));
    expect(document.body.textContent).toContain("No recordings yet");
    expect(document.body.textContent).toContain("sessions/");
  });

  test("a running replay shows how far it is, and ends by itself", async () => {
    const running = reply("workspace", "running");
    let workspace = running;
    const host = canned({ workspace: () => workspace });
    useHost(host);
    render(App);
    if (running.replay.state !== "running") throw new Error("the canned workspace is not replayed just now");
    const { done, total } = running.replay;
    await until("replay-state", `Replaying ${done} of ${total}`);
    expect(document.body.dataset.replay).toBe("running");
    host.emit({ event: "loadProgress", revision: running.revision, done: 3, total: 4, toolCalls: 50 });
    await until("replay-state", "Reading 3 of 4 files, 50 tool calls so far");
    workspace = { ...running, replay: reply("workspace").replay };
    host.emit({ event: "replayFinished", revision: running.revision });
    await waitFor(() => expect(document.body.dataset.replay).toBe("ready"));
    await waitFor(() => expect(allById("session-row").length).toBeGreaterThan(0));
  });

  test("a blocked replay says why, greys the last verdicts, and leads to the finding", async () => {
    await open(canned({ workspace: () => reply("workspace", "blocked") }));
    const { replay, findings } = reply("workspace", "blocked");
    if (replay.state !== "blocked") throw new Error("the canned workspace is not blocked");
    await until("blocked", replay.why);
    expect(byId("count-denied").dataset.count).toBe(String(replay.last?.denied));
    expect(byId("count-denied").closest("[data-stale]")).toBeTruthy();
    await fireEvent.click(byId("blocked-finding"));
    await waitFor(() => expect(byId("editor")).toBeTruthy());
    const culprit = findings.find((one) => one.severity === "error");
    expect(new URLSearchParams(location.hash.slice(1)).get("file")).toBe(culprit?.file);
  });

  test("files without a session are named with the reason and what to do", async () => {
    await open(canned());
    await fireEvent.click(byId("skipped").querySelector("button") as HTMLElement);
    for (const file of reply("sessions").skipped) {
      await until("skipped", file.path);
      await until("skipped", file.why);
      await until("skipped", file.help ?? "");
    }
  });
});

describe("keys", () => {
  test("go from finding to finding, to why, and back", async () => {
    await open(canned());
    const findings = reply("session").calls.filter((call) => call.verdict !== "allowed");
    const current = () =>
      Number(document.querySelector("[data-step][aria-current]")?.getAttribute("data-step"));
    await waitFor(() => expect(current()).toBe(findings[0]?.step));
    await press("]");
    await waitFor(() => expect(current()).toBe(findings[1]?.step));
    await press("[");
    await waitFor(() => expect(current()).toBe(findings[0]?.step));
    await press("j");
    await waitFor(() => expect(current()).toBe((findings[0]?.step ?? 0) + 1));
    await press("Enter");
    await waitFor(() => expect(document.activeElement).toBe(byId("why")));
  });

  test("are text while somebody types", async () => {
    await open(canned());
    await press("/");
    await waitFor(() => expect(document.activeElement).toBe(byId("filter")));
    const before = location.hash;
    await press("j");
    await press("]");
    expect(location.hash).toBe(before);
    await press("Escape");
    expect(document.activeElement).not.toBe(byId("filter"));
  });

  test("switch the theme and the size", async () => {
    const host = canned();
    await open(host);
    await press("t");
    expect(document.documentElement.style.colorScheme).toBe("light");
    await press("=", { ctrlKey: true });
    expect(document.documentElement.style.getPropertyValue("--zoom")).toBe("1.1");
    expect(host.calls).toContainEqual({
      name: "set_preferences",
      request: { theme: "light", zoom: 110, contrast: "system", searches: [] },
    });
  });

  test("open the preferences, which are kept", async () => {
    const host = canned();
    await open(host);
    await press(",", { ctrlKey: true });
    await until("preferences", "Contrast");
    await fireEvent.click(byId("contrast-high-choice"));
    expect(document.documentElement.dataset.contrast).toBe("high");
    expect(host.calls).toContainEqual({
      name: "set_preferences",
      request: { theme: "system", zoom: 100, contrast: "high", searches: [] },
    });
  });

  test("open the palette, which knows every command that can be run", async () => {
    await open(canned());
    await press("k", { ctrlKey: true });
    await until("palette", "Next finding");
    await until("palette", "Edit the deciding policy");
  });
});

describe("an edit", () => {
  async function edited(host: ReturnType<typeof canned>) {
    await open(host);
    await press("e");
    await waitFor(() => expect(window.__remit?.editor.get()).toContain("permit"));
  }

  test("is marked unsaved, is saved with the digest it started from, and its changes are counted", async () => {
    let saved = false;
    const ready = { ...reply("workspace"), revision: 2 };
    const host = canned({
      save_file: () => ((saved = true), reply("save_file")),
      workspace: () => (saved ? ready : reply("workspace")),
    });
    await edited(host);
    window.__remit?.editor.set(`${window.__remit.editor.get()}\n// more`);
    await until("save", "Save and replay");
    host.column = cannedColumn("changed");
    await press("s", { ctrlKey: true });
    await waitFor(() =>
      expect(host.calls.find((one) => one.name === "save_file")?.request).toMatchObject({
        base: reply("read_file").digest,
        text: expect.stringContaining("// more"),
      }),
    );
    host.emit({ event: "replayFinished", revision: 2 });
    const changes = compare(cannedColumn(), cannedColumn("changed"), sessionStarts(cannedColumn()));
    const many = changes?.calls ?? 0;
    expect(many).toBeGreaterThan(0);
    await until("changes", `${many} ${many === 1 ? "call" : "calls"} changed`);
    for (const verdict of BY_CODE.filter((one) => changes?.newly[one])) {
      await until("changes", `${changes?.newly[verdict]} newly ${verdict}`);
    }
    await until("save", "Saved");
  });

  test("shows what is wrong while it is typed", async () => {
    const { file } = reply("check_draft").findings[0] ?? { file: "" };
    location.hash = new URLSearchParams({ file }).toString();
    await open(canned());
    const { findings } = reply("check_draft");
    await until("findings", findings[0]?.message.replaceAll("`", "") ?? "");
    expect(allById("finding")).toHaveLength(findings.length);
  });

  test("that meets another one shows both sides, and loses neither", async () => {
    const theirs = reply("read_file", "changed");
    let clash = false;
    const host = canned({
      read_file: ({ path }) => ({ ...(clash ? theirs : reply("read_file")), path }),
      save_file: () => Promise.reject(cannedError("conflict")),
    });
    await edited(host);
    window.__remit?.editor.set("// mine");
    clash = true;
    await press("s", { ctrlKey: true });
    await waitFor(() => expect(byId("conflict")).toBeTruthy());
    await fireEvent.click(byId("conflict-compare"));
    await waitFor(() => expect(byId("merge").textContent).toContain("// mine"));
    expect(window.__remit?.editor.get()).toBe("// mine");
    await fireEvent.click(byId("conflict-theirs"));
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(theirs.text));
  });

  test("is kept when somebody else changes the file; a clean editor follows", async () => {
    const theirs = reply("read_file", "changed");
    let changed = false;
    const host = canned({ read_file: ({ path }) => ({ ...(changed ? theirs : reply("read_file")), path }) });
    await edited(host);
    const path = String(new URLSearchParams(location.hash.slice(1)).get("file"));
    changed = true;
    host.emit({ event: "workspaceChanged", revision: 1, paths: [path] });
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(theirs.text));
    window.__remit?.editor.set("// mine");
    changed = false;
    host.emit({ event: "workspaceChanged", revision: 1, paths: [path] });
    await waitFor(() => expect(byId("conflict")).toBeTruthy());
    expect(window.__remit?.editor.get()).toBe("// mine");
  });

  test("survives a reload", async () => {
    const kept = new Map();
    await edited(canned({}, kept));
    window.__remit?.editor.set("// not saved yet");
    await waitFor(() => expect(kept.size).toBe(1));
    cleanup();
    document.body.removeAttribute("data-ready");
    await open(canned({}, kept));
    await waitFor(() => expect(window.__remit?.editor.get()).toBe("// not saved yet"));
    await until("restored", "not saved");
    await until("save", "Save and replay");
  });
});

test("nothing is shown as replayed where nothing ever was", async () => {
  const never = { ...reply("workspace", "blocked") };
  if (never.replay.state !== "blocked") throw new Error("the canned workspace is not blocked");
  never.replay = { ...never.replay, last: null };
  const host = canned({ workspace: () => never, sessions: () => reply("sessions", "empty") });
  await open(host);
  await until("blocked", "Go to");
  expect(document.body.textContent).toContain("Nothing has been replayed yet");
  expect(document.body.textContent).not.toContain("No recordings yet");
  expect(allById("count-denied")).toHaveLength(0);
});
