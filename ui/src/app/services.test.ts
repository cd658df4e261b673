import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands } from "../api/bindings";
import { canned, reply, type Canned } from "../host/canned";
import { edited } from "../policy/files.svelte";
import { allById, byId, open, press, until } from "../test/app";

type Answers = NonNullable<Parameters<typeof canned>[0]>;
const FILE = "guardrails/payments.cedar";
const OTHER = "guardrails/mail.cedar";
const place = (path: string, from: number, to: number, line: number) => ({
  path,
  from,
  to,
  line,
  excerpt: `line ${line}`,
  isDefinition: false,
});

async function editing(answers: Answers): Promise<Canned> {
  location.hash = new URLSearchParams({ file: FILE }).toString();
  const host = canned(answers);
  await open(host);
  await waitFor(() => expect(window.__remit?.editor.get()).toContain("permit"));
  byId("editor-text").focus();
  return host;
}

test("edits of a text are made from the last one on", () => {
  const edits = [
    { from: 0, to: 1, text: "AA" },
    { from: 2, to: 2, text: "!" },
  ];
  expect(edited("abc", edits)).toBe("AAb!c");
});

describe("the place of the cursor", () => {
  test("is renamed in every file at once, and at once taken back", async () => {
    const edits = [
      { path: FILE, from: 0, to: 2, text: "##" },
      { path: OTHER, from: 0, to: 0, text: "@" },
    ];
    const host = await editing({
      renaming: () => ({ from: 0, to: 2, name: "old", what: "the policy" }),
      rename: () => ({ edits }),
    });
    const text = window.__remit?.editor.get() ?? "";
    await press("F2");
    const field = (await waitFor(() => byId("name-field"))) as HTMLInputElement;
    expect(field.getAttribute("aria-label")).toBe("New name of the policy");
    await fireEvent.input(field, { target: { value: "new" } });
    await fireEvent.keyDown(field, { key: "Enter" });
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(`##${text.slice(2)}`));
    expect(host.calls.find((one) => one.name === "rename")?.request).toMatchObject({ at: 0, name: "new" });
    await until("file-step", "Renamed old to new");
    expect(document.querySelectorAll("[title='not saved']")).toHaveLength(2);
    await fireEvent.click(byId("undo-file-step"));
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(text));
    await waitFor(() => expect(document.querySelectorAll("[title='not saved']")).toHaveLength(0));
  });

  test("leads to its definition, or to a list of where it is named", async () => {
    const places = [place(FILE, 3, 5, 1), place(OTHER, 0, 1, 1)];
    await editing({
      definition: () => ({ places: [place(OTHER, 0, 1, 1)] }),
      references: () => ({ places }),
    });
    await press("F12", { shiftKey: true });
    await until("choices", "Named in 2 places");
    await press("Escape");
    await waitFor(() => expect(allById("choices")).toHaveLength(0));
    await press("F12");
    await waitFor(() => expect(location.hash).toContain(encodeURIComponent(OTHER)));
  });

  test("that the host cannot rename says so", async () => {
    const refuse = () => Promise.reject({ code: "badRequest", message: "nothing is named here", help: null });
    await editing({ renaming: refuse });
    await press("F2");
    await until("error", "nothing is named here");
    expect(allById("name-field")).toHaveLength(0);
  });
});

test("a finding is mended by one click, or by a key", async () => {
  const [finding] = reply("check_draft").findings;
  if (finding?.from == null || finding.to == null) throw new Error("the canned finding has no place");
  const { code, from, to } = finding;
  const edits = [{ path: FILE, from, to, text: "MENDED" }];
  const fix = { title: "write `MENDED`", code, from, to, edits, isPreferred: true };
  await editing({ quick_fixes: () => ({ fixes: [fix] }) });
  await until("findings", "write MENDED");
  // Here the selection of a text that has the focus is told at once, in the midst of its own update.
  byId("editor-text").blur();
  await fireEvent.click(byId("fix"));
  await waitFor(() => expect(window.__remit?.editor.get().slice(from)).toMatch(/^MENDED/));
  await press(".", { ctrlKey: true });
  await until("choices", "write MENDED");
  expect(document.activeElement).toBe(byId("choice"));
});

test("each policy and condition says what it matches, decides and changes", async () => {
  const condition = { from: 10, to: 20, isUnless: false, matched: 7, keepsOut: 2, changed: 1 };
  const policy = { id: "x", from: 0, to: 30, matched: 12, decided: 9, changed: 3, conditions: [condition] };
  await editing({ policy_effects: () => ({ revision: 1, policies: [policy] }) });
  await waitFor(() =>
    expect(
      allById("effect")
        .map((one) => one.title)
        .filter(Boolean),
    ).toHaveLength(2),
  );
  const [first, second] = allById("effect").filter((one) => one.title);
  expect(first?.title).toBe("matches 12 recorded calls, decides 9, 3 changed since it was saved");
  expect(second?.title).toContain("it alone keeps out 2");
});

describe("a policy that begins with a call", () => {
  test("is drafted beside the guardrails, and not saved", async () => {
    const text = 'forbid (principal, action == Action::"make_payment", resource);';
    const asked: Commands["policies_from_calls"][0][] = [];
    const host = canned({
      policies_from_calls: (request) => (
        asked.push(request),
        { candidates: [{ title: "all calls of the same tools", text }] }
      ),
    });
    await open(host);
    while (byId("why").dataset.verdict === "denied") {
      const before = location.hash;
      await press("]");
      await waitFor(() => expect(location.hash).not.toBe(before));
      await waitFor(() => expect(byId("why").dataset.verdict).toBeTruthy());
    }
    await fireEvent.click(await waitFor(() => byId("forbid-such")));
    await until("candidates", "all calls of the same tools");
    expect(asked[0]).toMatchObject({ effect: "forbid" });
    await fireEvent.click(byId("draft-candidate"));
    await waitFor(() => expect(window.__remit?.editor.get().trimEnd().endsWith(text)).toBe(true));
    expect(host.calls.some((one) => one.name === "save_file" || one.name === "edit_files")).toBe(false);
  });
});

test("what agents may do is a table, and a cell says by which policies", async () => {
  const policies = [
    { id: "pay-known", file: FILE, line: 3, reading: "Payments to known payees are permitted." },
  ];
  const extent = { allowed: "sometimes" as const, policies: [0] };
  const cell = {
    agent: 0,
    action: 0,
    guardrails: extent,
    scope: null,
    calls: 5,
    denied: 1,
    drifted: 2,
    unknown: 0,
  };
  const matrix = {
    agents: ['Agent::"clerk"'],
    actions: ['Action::"pay"', 'Action::"read"'],
    policies,
    cells: [cell],
  };
  await open(canned({ access: () => matrix }));
  await press("A", { shiftKey: true });
  const one = await waitFor(() => byId("access-cell"));
  expect(one.textContent).toMatch(/sometimes\s+5 calls, 1 denied, 2 drifted/);
  expect(byId("access-view").textContent).toMatch(/never\s+unused/);
  await fireEvent.click(one);
  await until("access-detail", "Payments to known payees are permitted.");
  await fireEvent.click(byId("access-calls"));
  await waitFor(() => expect(location.hash).toContain("verdict=drifted"));
});
