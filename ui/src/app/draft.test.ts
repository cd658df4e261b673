import { cleanup, fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, DraftsJudged } from "../api/bindings";
import { canned, cannedColumn, reply, type Canned, type Kept } from "../host/canned";
import { allById, byId, open, press, until } from "../test/app";

type Request = Commands["judge_drafts"][0];
type Answers = NonNullable<Parameters<typeof canned>[0]>;

/** What was judged since the window opened, which asks for the verdicts as saved. */
const judged = (host: Canned): Request[] =>
  host.calls.flatMap((one) => (one.name === "judge_drafts" ? [one.request as Request] : [])).slice(1);
const FILE = "guardrails/mail.cedar";
const summaryOf = (answer: DraftsJudged) => {
  if (!answer.summary) throw new Error("the canned answer has no counts");
  return answer.summary;
};
const shown = (count: string) => byId(`count-${count}`).dataset.count;
const edit = (text: string) => window.__remit?.editor.set(text);

/** Judges a draft as the canned replies say: the column goes with the counts. */
const judge = (host: () => Canned, of: (request: Request) => DraftsJudged) => (request: Request) => {
  host().column = cannedColumn(request.files.length > 0 ? "changed" : undefined);
  host().saved = cannedColumn();
  return of(request);
};
const usual = ({ files }: Request) => reply("judge_drafts", files.length > 0 ? undefined : "saved");

/** Opens the guardrails in the editor. */
async function editing(answers: Answers = {}, of = usual, kept: Kept = new Map()): Promise<Canned> {
  const host: Canned = canned({ judge_drafts: judge(() => host, of), ...answers }, kept);
  await open(host);
  await press("e");
  await waitFor(() => expect(window.__remit?.editor.get()).toContain("permit"));
  return host;
}

describe("a draft", () => {
  test("is judged without being saved: counts, marks and policies follow", async () => {
    const host = await editing();
    edit("// draft");
    const mark = await until("draft-mark", "1 changed");
    expect(mark.title).toContain(FILE);
    const summary = summaryOf(reply("judge_drafts"));
    for (const count of ["allowed", "denied", "drifted", "unknown"] as const)
      expect(shown(count)).toBe(String(summary[count]));
    expect(byId("more-denied").textContent).toBe("+1");
    expect(byId("more-allowed").textContent).toBe("−1");
    expect(allById("more-unknown")).toHaveLength(0);
    await until("judged-in", "1.8 ms");
    await until("changes", "1 newly denied");
    expect(document.body.dataset.of).toBe("draft");
    expect(judged(host)).toEqual([{ files: [{ path: FILE, text: "// draft" }] }]);
    expect(host.calls.some((one) => one.name === "save_file")).toBe(false);
  });

  test("shows in the policy list what each policy decides now", async () => {
    await editing();
    edit("// draft");
    await until("draft-mark", "Draft");
    await fireEvent.click(byId("tab-policies"));
    const rows = allById("policy-row");
    expect(rows.length).toBeGreaterThan(0);
    rows.forEach((row, at) => {
      const { id, decided = -1 } = reply("judge_drafts").policies[at] ?? {};
      expect(row.textContent).toContain(id);
      expect(row.textContent).toContain(decided === 0 ? "decides nothing" : String(decided));
    });
  });

  test("that is undone leaves the verdicts as saved", async () => {
    const host = await editing();
    const text = window.__remit?.editor.get() ?? "";
    edit("// draft");
    await until("draft-mark", "Draft");
    await fireEvent.click(byId("discard"));
    await waitFor(() => expect(allById("draft-mark")).toHaveLength(0));
    expect(window.__remit?.editor.get()).toBe(text);
    expect(shown("denied")).toBe(String(summaryOf(reply("judge_drafts", "saved")).denied));
    expect(judged(host).at(-1)).toEqual({ files: [] });
    await waitFor(() => expect(byId("changes").textContent?.trim()).toBe(""));
  });

  test("is no draft any more once it is saved, and what it changed is still said", async () => {
    let saved = false;
    const ready = { ...reply("workspace"), revision: 9, replay: reply("workspace").replay };
    ready.replay = { state: "ready", summary: summaryOf(reply("judge_drafts")) };
    const host = await editing({
      save_file: () => ((saved = true), { ...reply("save_file"), workspace: ready }),
      workspace: () => (saved ? ready : reply("workspace")),
    });
    edit("// draft");
    await until("draft-mark", "Draft");
    await press("s", { ctrlKey: true });
    await waitFor(() => expect(allById("draft-mark")).toHaveLength(0));
    expect(document.body.dataset.of).toBe("saved");
    await until("changes", "1 newly denied");
    await until("replay-state", "Replayed");
    expect(allById("more-denied")).toHaveLength(0);
    expect(judged(host)).toHaveLength(1);
  });

  test("that is formatted and saved at once is saved as formatted", async () => {
    let answer: (formatted: Commands["format_draft"][1]) => void = () => undefined;
    const host = await editing({ format_draft: () => new Promise((done) => (answer = done)) });
    edit("// draft");
    await fireEvent.click(byId("format"));
    await press("s", { ctrlKey: true });
    expect(host.calls.some((one) => one.name === "save_file")).toBe(false);
    answer({ text: "// draft\n" });
    const saved = () => host.calls.find((one) => one.name === "save_file")?.request;
    await waitFor(() => expect(saved()).toMatchObject({ path: FILE, text: "// draft\n" }));
  });

  test("keeps what is typed while it is formatted", async () => {
    let answer: (formatted: Commands["format_draft"][1]) => void = () => undefined;
    const host = await editing({ format_draft: () => new Promise((done) => (answer = done)) });
    edit("// draft");
    await fireEvent.click(byId("format"));
    edit("// draft, and more");
    answer({ text: "// draft\n" });
    await press("s", { ctrlKey: true });
    await waitFor(() => expect(host.calls.some((one) => one.name === "save_file")).toBe(true));
    expect(window.__remit?.editor.get()).toBe("// draft, and more");
  });

  test("is compared with what is saved after a replay too, whatever the host shows when that ends", async () => {
    let { revision } = reply("workspace");
    const host = await editing({ workspace: () => ({ ...reply("workspace"), revision }) }, (request) => ({
      ...usual(request),
      revision: ++revision,
    }));
    edit("// draft");
    await until("changes", "1 newly denied");
    const before = judged(host).length;
    host.emit({ event: "replayFinished", revision: ++revision });
    await waitFor(() => expect(judged(host)).toHaveLength(before + 1));
    await waitFor(() => expect(document.body.dataset.of).toBe("draft"));
    const since = () => host.calls.slice(host.calls.findLastIndex((one) => one.name === "judge_drafts"));
    await waitFor(() => expect(since().some((one) => one.name === "why")).toBe(true));
    await until("changes", "1 newly denied");
  });

  test("asks for the windows in view and no more", async () => {
    const host = await editing({ sessions: () => ({ ...reply("sessions"), total: 50_000 }) });
    edit("// draft");
    await until("changes", "1 newly denied");
    const since = () => host.calls.slice(host.calls.findLastIndex((one) => one.name === "judge_drafts"));
    await waitFor(() => expect(since().some((one) => one.name === "why")).toBe(true));
    const asked = since().map((one) => one.name);
    for (const name of ["sessions", "session", "steps", "why"] as const)
      expect(asked.filter((one) => one === name)).toHaveLength(1);
    expect(asked.filter((one) => one === "call_at").length).toBeLessThanOrEqual(20);
  });

  test("of a file that is no policy is not judged", async () => {
    const host = canned();
    await open(host);
    await fireEvent.click(byId("tab-files"));
    await fireEvent.click(document.querySelector("[data-path='schema.cedarschema']") as HTMLElement);
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(reply("read_file", "schema").text));
    edit("// draft");
    await until("save", "Save and replay");
    await new Promise((later) => setTimeout(later, 150));
    expect(judged(host)).toEqual([]);
  });

  test("counts in a closed file too, and after a reload", async () => {
    const kept = new Map();
    await editing({}, usual, kept);
    edit("// draft");
    await until("draft-mark", "Draft");
    await press("w", { ctrlKey: true });
    await fireEvent.click(byId("tab-files"));
    await until("files", "not saved");
    await until("draft-mark", "Draft");
    await waitFor(() => expect(kept.size).toBe(1));
    cleanup();
    document.body.removeAttribute("data-ready");
    const host: Canned = canned({ judge_drafts: judge(() => host, usual) }, kept);
    await open(host);
    await until("draft-mark", "1 changed");
    expect(judged(host).at(-1)?.files).toEqual([{ path: FILE, text: "// draft" }]);
  });

  test("is told to screen readers once the person pauses", async () => {
    await editing();
    edit("// draft");
    await until("draft-mark", "Draft");
    expect(byId("announcement").textContent).toBe("");
    await until("announcement", "Draft. 1 call changed: 1 newly denied");
    expect(byId("changes").getAttribute("role")).toBeNull();
  });
});

describe("a draft that does not parse", () => {
  const broken = ({ files }: Request) =>
    files[0]?.text.includes("recource") ? reply("judge_drafts", "broken") : usual({ files });

  test("leaves the last good verdicts, grey, and leads to the finding", async () => {
    await editing({}, broken);
    edit("// draft");
    await until("draft-mark", "1 changed");
    edit("// recource");
    await until("draft-mark", "does not parse");
    await until("draft-broken", "the verdicts are those of the last text that did");
    expect(shown("denied")).toBe(String(summaryOf(reply("judge_drafts")).denied));
    expect(byId("count-denied").closest("[data-stale]")).toBeTruthy();
    const [finding] = reply("judge_drafts", "broken").broken;
    expect(byId("draft-finding").textContent).toContain(`${finding?.file}:${finding?.line}`);
    edit("// draft");
    await until("draft-mark", "1 changed");
    expect(byId("count-denied").closest("[data-stale]")).toBeNull();
  });
});

describe("typing faster than judging", () => {
  test("sends one text at a time, and only the newest of those that wait", async () => {
    const ends: (() => void)[] = [];
    const counts = [5, 7, 9];
    const answer = async (request: Request) => {
      if (request.files.length === 0) return usual(request);
      await new Promise<void>((end) => ends.push(end));
      const reply = usual(request);
      return { ...reply, summary: { ...summaryOf(reply), denied: counts.shift() ?? 0 } };
    };
    const host = await editing({ judge_drafts: answer });
    for (const text of ["// 1", "// 2", "// 3"]) {
      edit(text);
      await new Promise((later) => setTimeout(later, 100));
    }
    expect(judged(host)).toHaveLength(1);
    ends.shift()?.();
    await waitFor(() => expect(judged(host)).toHaveLength(2));
    expect(judged(host).map((one) => one.files[0]?.text)).toEqual(["// 1", "// 3"]);
    expect(shown("denied")).not.toBe("5");
    ends.shift()?.();
    await waitFor(() => expect(shown("denied")).toBe("7"));
  });

  test("waits for a pause of the person", async () => {
    const host = await editing();
    for (const text of ["// 1", "// 2", "// 3"]) edit(text);
    await until("draft-mark", "Draft");
    expect(judged(host).map((one) => one.files[0]?.text)).toEqual(["// 3"]);
  });
});

test("verdicts that differ from the reference are called untrustworthy", async () => {
  const host = canned();
  await open(host);
  const details = "guardrails of session 0, step 2: matrix allow, reference deny";
  host.emit({
    event: "selfCheckFailed",
    revision: 1,
    checked: 200,
    wrong: 1,
    example: { session: 0, step: 2 },
    details,
  });
  const banner = await until("mismatch", "cannot be trusted");
  expect(banner.getAttribute("role")).toBe("alert");
  await fireEvent.click(banner.querySelector("[aria-expanded]") as HTMLElement);
  await until("mismatch", "Nothing is sent by itself");
  await until("mismatch-report", details);
});

test.each(["policies", "files"])(
  "the list of %s is one stop of Tab, and the arrows move in it",
  async (tab) => {
    await open(canned());
    await fireEvent.click(byId(`tab-${tab}`));
    const rows = () => allById(tab === "files" ? "file-row" : "policy-row");
    const stops = () => rows().filter((row) => row.tabIndex === 0);
    rows()[0]?.focus();
    await press("ArrowDown");
    await waitFor(() => expect(document.activeElement).toBe(rows()[1]));
    expect(stops()).toEqual([rows()[1]]);
    await press("Home");
    await waitFor(() => expect(document.activeElement).toBe(rows()[0]));
    await press("ArrowUp");
    expect(document.activeElement).toBe(rows()[0]);
  },
);
