import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, FileEdit } from "../api/bindings";
import { canned, cannedError, reply, type Canned } from "../host/canned";
import { estimated } from "../learn/learnt";
import { allById, byId, open, press, until } from "../test/app";

type Answers = Parameters<typeof canned>[0];
const requests = (of: Canned, name: keyof Commands) =>
  of.calls.flatMap((one) => (one.name === name ? [one.request] : []));
const type = (id: string, value: string) => fireEvent.input(byId(id), { target: { value } });

/** A host without the file of the proposed scope; it can be made. */
function withoutFile(answers: Answers = {}): Canned {
  const learnt = new Set(reply("learn").scopes.map((scope) => scope.path));
  return canned({
    read_file: ({ path }) => {
      if (learnt.has(path)) throw { code: "notFound", message: `no ${path}`, help: null };
      return { ...reply("read_file"), path };
    },
    edit_files: ({ edits }) => ({
      undo: edits.map(({ path }): FileEdit => ({ path, base: "sha256:new", text: null })),
      workspace: reply("workspace"),
    }),
    ...answers,
  });
}

async function learn(of: Canned): Promise<void> {
  await open(of);
  await press("L", { shiftKey: true });
  await fireEvent.submit(byId("learn").closest("form") as HTMLElement);
  await waitFor(() => expect(allById("learnt-scope")).toHaveLength(1));
}

describe("learning", () => {
  test("asks for what the person chose, and shows each clause with what speaks for it", async () => {
    const of = canned();
    await open(of);
    await press("L", { shiftKey: true });
    await type("learn-task", "support/refund");
    await type("learn-runs", "3");
    await fireEvent.change(byId("learn-from"), { target: { value: "every" } });
    await fireEvent.submit(byId("learn").closest("form") as HTMLElement);
    await waitFor(() => expect(allById("learnt-scope")).toHaveLength(1));
    expect(requests(of, "learn")).toEqual([
      { task: "support/refund", all: true, runs: 3, labels: null, answers: [] },
    ]);
    const { scopes } = reply("learn");
    expect(allById("learnt-task")).toHaveLength(scopes.length);
    const [scope] = scopes;
    expect(scope?.clauses.length).toBeGreaterThan(0);
    expect(byId("learn-estimate").textContent).toBe(estimated(scope?.estimate ?? null));
    scope?.clauses.forEach((clause, at) => {
      const shown = allById("learnt-clause")[at];
      expect(shown?.textContent).toContain(clause.why.replaceAll("`", ""));
      expect(shown?.querySelectorAll("[data-testid=rests-on-one]")).toHaveLength(clause.restsOnOne ? 1 : 0);
    });
  });

  test("goes to a call that supports a clause", async () => {
    await learn(canned());
    const calls = reply("learn").scopes[0]?.clauses.flatMap((clause) => clause.examples) ?? [];
    const known = calls.find((call) => call.session !== null);
    await fireEvent.click(allById("supporting-call")[0] as HTMLElement);
    await waitFor(() => expect(location.hash).toContain(`session=${known?.session}&step=${known?.step}`));
  });

  test("learns again with what a person says about a tool, and takes it back", async () => {
    const of = canned();
    await learn(of);
    const [scope] = reply("learn").scopes;
    const [question] = scope?.questions ?? [];
    const title = [...document.querySelectorAll("button")].find((b) => b.textContent?.includes("Say what"));
    await fireEvent.click(title as HTMLElement);
    expect(allById("learn-question")).toHaveLength(scope?.questions.length ?? 0);
    const radios = allById("learn-answer") as HTMLInputElement[];
    expect(radios.slice(0, 5).map((radio) => radio.checked)).toEqual([true, false, false, false, false]);
    radios[4]?.focus();
    await fireEvent.click(radios[4] as HTMLElement);
    const said = [{ task: scope?.task, action: question?.action, answer: "never" }];
    await waitFor(() => expect(requests(of, "learn").at(-1)).toMatchObject({ answers: said }));
    await waitFor(() => expect(radios[4]?.checked).toBe(true));
    expect(document.activeElement).toBe(radios[4]);
    await fireEvent.click(radios[0] as HTMLElement);
    await waitFor(() => expect(requests(of, "learn").at(-1)).toMatchObject({ answers: [] }));
  });

  test("is moved through with the arrow keys", async () => {
    await learn(canned());
    const { scopes } = reply("learn");
    expect(scopes.length).toBeGreaterThan(1);
    byId("learnt-scope").parentElement?.querySelector<HTMLElement>("[role=listbox]")?.focus();
    await press("ArrowDown");
    await waitFor(() => expect(byId("learnt-scope").textContent).toContain(scopes[1]?.task));
  });

  test("puts a scope into a draft of a file that is not there yet; saving makes the file", async () => {
    const of = withoutFile();
    await learn(of);
    const { path, text } = reply("learn").scopes[0] ?? { path: null, text: "" };
    await fireEvent.click(byId("use-scope"));
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(text));
    await until("learn-drafted", String(path));
    await waitFor(() => expect(requests(of, "judge_drafts").at(-1)).toEqual({ files: [{ path, text }] }));
    expect([...requests(of, "save_file"), ...requests(of, "edit_files")]).toEqual([]);
    await press("s", { ctrlKey: true });
    await waitFor(() =>
      expect(requests(of, "edit_files")).toEqual([{ edits: [{ path, base: null, text }] }]),
    );
  });

  test("keeps a drafted scope through a reload, though there is no file of it", async () => {
    const kept = new Map();
    const { path, text } = reply("learn").scopes[0] ?? { path: null, text: "" };
    kept.set(path, { path, text, base: "", digest: "" });
    const of = withoutFile({ kept_drafts: () => ({ drafts: [...kept.values()] }) });
    await open(of);
    await until("restored", String(path));
  });

  test("says how far it is, and stops when it is told to", async () => {
    let answer: (said: Commands["learn"][1]) => void = () => undefined;
    const of = canned({ learn: () => new Promise((resolve) => (answer = resolve)) });
    await open(of);
    await press("T", { shiftKey: true });
    await waitFor(() => expect(byId("underway")).toBeTruthy());
    expect(requests(of, "learn")).toEqual([
      { task: reply("session").row.task, all: false, runs: null, labels: null, answers: [] },
    ]);
    of.emit({ event: "learnProgress", done: 3, total: 8 });
    await until("underway", "3 of 8");
    await fireEvent.click(byId("stop-learning"));
    await waitFor(() => expect(allById("underway")).toHaveLength(0));
    expect(requests(of, "stop_learning")).toHaveLength(1);
    answer(reply("learn"));
    await waitFor(() => expect(byId("learn")).toBeTruthy());
    expect(allById("learnt-scope")).toHaveLength(0);
  });

  test("says why there is nothing to learn from, and what to do", async () => {
    const refuse = () => Promise.reject(cannedError("noExamples"));
    await open(canned({ learn: refuse }));
    await press("L", { shiftKey: true });
    await fireEvent.submit(byId("learn").closest("form") as HTMLElement);
    await until("error", cannedError("noExamples").message);
  });

  test("refuses what is no number of sessions", async () => {
    const of = canned();
    await open(of);
    await press("L", { shiftKey: true });
    await type("learn-runs", "a few");
    expect((byId("learn") as HTMLButtonElement).disabled).toBe(true);
    await fireEvent.submit(byId("learn").closest("form") as HTMLElement);
    expect(requests(of, "learn")).toEqual([]);
  });

  test("says that an answer was overtaken, and never shows it as one", async () => {
    await open(canned({ learn: () => ({ superseded: true, scopes: [], leftOut: "" }) }));
    await press("L", { shiftKey: true });
    await fireEvent.submit(byId("learn").closest("form") as HTMLElement);
    await waitFor(() => expect(byId("learn-view").textContent).toContain("changed meanwhile"));
  });
});

describe("a score", () => {
  async function score(of: Canned): Promise<void> {
    await open(of);
    await press("O", { shiftKey: true });
    await fireEvent.click(byId("choose-labels"));
    await waitFor(() => expect(byId("confusion")).toBeTruthy());
  }

  test("is of the labels that were chosen, with every count of the table", async () => {
    const of = canned();
    await score(of);
    expect(requests(of, "score")).toEqual([{ labels: "labels.jsonl" }]);
    const { summary } = reply("score");
    for (const row of ["bad", "good"] as const) {
      for (const [verdict, calls] of Object.entries(summary[row])) {
        const cell = byId("confusion").querySelector(`[data-row=${row}] [data-verdict=${verdict}] .many`);
        expect(cell?.textContent).toBe(String(calls));
      }
    }
    const caught = summary.bad.denied + summary.bad.drifted;
    expect(byId("confusion").textContent).toContain(caught > 0 ? "caught" : "missed");
  });

  test("says what was not matched", async () => {
    await score(canned());
    const { unmatchedLabels, unmatchedCalls } = reply("score");
    expect(unmatchedLabels).toBeGreaterThan(0);
    expect(unmatchedCalls).toBeGreaterThan(0);
    await until("unmatched", `${unmatchedLabels} label`);
    await until("unmatched", `${unmatchedCalls} labelled call`);
  });

  test("shows the table of one suite, and of all again", async () => {
    await score(canned());
    const { suites, summary } = reply("score");
    const [suite] = suites;
    await fireEvent.click(allById("score-group")[0] as HTMLElement);
    const good = () => byId("confusion").querySelector("[data-row=good] .sum")?.textContent;
    const sum = (counts: typeof summary.good) =>
      String(counts.allowed + counts.denied + counts.drifted + counts.unknown);
    await waitFor(() => expect(good()).toBe(sum(suite?.figures.good ?? summary.good)));
    expect(byId("score-view").textContent).toContain(suite?.name);
    expect(sum(suite?.figures.good ?? summary.good)).not.toBe(sum(summary.good));
  });

  test("never says a share of nothing", async () => {
    const none = { hits: 0, of: 0 };
    const { summary, ...rest } = reply("score");
    await score(canned({ score: () => ({ ...rest, summary: { ...summary, precision: none } }) }));
    expect(allById("figure")[2]?.textContent).toBe("–");
  });
});
