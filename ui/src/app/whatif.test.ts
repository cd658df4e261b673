import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands } from "../api/bindings";
import { canned, cannedColumn, reply, type Canned } from "../host/canned";
import { allById, byId, open, press, until } from "../test/app";

const FILE = "guardrails/history.dw";
const BEFORE = "// history\n";
const POLICY = `@id("rate")\nforbid (principal, action, resource)\nwhen temporal { count_within(1h, mail::send::response{}) > 4 };`;
const TEXT = `${BEFORE}${POLICY}\n`;

/** A host whose selected call is denied by a policy over history. */
function host(): Canned {
  const why = (): Commands["why"][1] => {
    const said = reply("why", "denied");
    const policy = {
      id: "rate",
      file: FILE,
      line: 2,
      effect: "forbid" as const,
      text: POLICY,
      why: null,
      reading: null,
      sees: null,
      clauses: [],
    };
    return {
      ...said,
      guardrails: { allow: false, uncertain: false, reasons: [policy], errors: [], otherwise: [] },
    };
  };
  return canned({
    why,
    read_file: ({ path }) => ({
      path,
      kind: "guardrails",
      text: path === FILE ? TEXT : "",
      digest: "sha256:1",
    }),
  });
}
const drafts = (of: Canned) =>
  of.calls.flatMap((one) =>
    one.name === "judge_drafts" ? [(one.request as Commands["judge_drafts"][0]).files] : [],
  );
const sliders = () => allById("what-if-slider") as HTMLInputElement[];
const slide = (slider: HTMLElement | undefined, to: number) =>
  fireEvent.input(slider as HTMLElement, { target: { value: String(to) } });

async function opened(): Promise<Canned> {
  const of = host();
  await open(of);
  await waitFor(() => expect(sliders()).toHaveLength(2));
  return of;
}

describe("what if", () => {
  test("a window were another: the draft says so, the strip follows, nothing is saved", async () => {
    const of = await opened();
    const [window, limit] = sliders();
    expect([window?.getAttribute("aria-valuetext"), limit?.getAttribute("aria-valuetext")]).toEqual([
      "1h",
      "4",
    ]);
    of.column = cannedColumn("changed");
    await slide(window, (window?.valueAsNumber ?? 0) - 1);
    const text = TEXT.replace("1h", "30m");
    await waitFor(() => expect(drafts(of).at(-1)).toEqual([{ path: FILE, text }]));
    await until("what-if-effect", "changed");
    expect(of.calls.some((one) => one.name === "save_file" || one.name === "edit_files")).toBe(false);
    expect(allById("what-if-value")[0]?.textContent).toMatch(/1h\s+30m/);
  });

  test("it is put back", async () => {
    const of = await opened();
    await slide(sliders()[1], 6);
    await waitFor(() => expect(drafts(of).at(-1)?.[0]?.text).toContain("> 6"));
    await fireEvent.click(byId("what-if-back"));
    await waitFor(() => expect(drafts(of).at(-1)).toEqual([]));
    await waitFor(() => expect(allById("what-if-effect")).toHaveLength(0));
  });

  test("a slider stays when its policy no longer decides", async () => {
    const of = await opened();
    await slide(sliders()[1], 9);
    await waitFor(() => expect(drafts(of).at(-1)?.[0]?.text).toContain("> 9"));
    await press("]");
    await waitFor(() =>
      expect(allById("what-if-value").map((one) => one.textContent?.trim())).toContain("4 9"),
    );
  });

  test("text that was edited otherwise is left alone", async () => {
    await opened();
    await slide(sliders()[1], 9);
    await fireEvent.click(byId("policy-link"));
    await waitFor(() => expect(window.__remit?.editor.get()).toContain("> 9"));
    byId("editor-text").blur();
    window.__remit?.editor.set("// gone");
    await waitFor(() => expect(sliders()).toHaveLength(0));
    expect(window.__remit?.editor.get()).toBe("// gone");
  });
});
