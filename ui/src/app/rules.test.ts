import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, RuleView } from "../api/bindings";
import { canned, reply, type Canned } from "../host/canned";
import { allById, byId, open, press, until } from "../test/app";
import { linesOf, offered } from "./common-rules.svelte";

type Answers = Parameters<typeof canned>[0];
const requests = <C extends keyof Commands>(of: Canned, name: C) =>
  of.calls.flatMap((one) => (one.name === name ? [one.request as Commands[C][0]] : []));
const rule = (name: string) => document.querySelector<HTMLElement>(`[data-rule="${name}"]`) as HTMLElement;

async function dialog(answers: Answers = {}): Promise<Canned> {
  const of = canned(answers);
  await open(of);
  await press("R", { shiftKey: true });
  await waitFor(() => expect(allById("rule").length).toBeGreaterThan(0));
  return of;
}

describe("common rules", () => {
  test("are listed as the host says, those that do not fit with the reason", async () => {
    await dialog();
    const { rules } = reply("rules");
    expect(allById("rule")).toHaveLength(rules.length);
    const unfit = rules.find((one) => one.whyNot !== null);
    if (!unfit) throw new Error("the fixture has a rule that does not fit");
    await fireEvent.click(rule(unfit.name));
    await until("why-not", (unfit.whyNot ?? "").replaceAll("`", "").slice(0, 20));
    expect(allById("put-rule")).toEqual([]);
  });

  test("show their effect once they are answered, and become a draft only then", async () => {
    const of = await dialog();
    await fireEvent.click(rule("spend-limit"));
    await fireEvent.change(byId("rule-amount"), { target: { value: "send_money.amount" } });
    expect(byId<HTMLButtonElement>("put-rule").disabled).toBe(true);
    await fireEvent.input(byId("rule-limit"), { target: { value: "500" } });
    await waitFor(() => expect(allById("trial")).toHaveLength(1));
    const tried = reply("try_drafts").changed;
    await waitFor(() => expect(byId("trial").dataset.calls).toBe(String(tried?.calls)));
    const values = { amount: "send_money.amount", limit: "500" };
    expect(requests(of, "fill_rule").at(-1)).toEqual({ name: "spend-limit", values });
    const [draft] = requests(of, "try_drafts").at(-1)?.files ?? [];
    expect(draft?.text).toContain(reply("fill_rule").text.trim());
    expect(requests(of, "judge_drafts").every(({ files }) => files.length === 0)).toBe(true);
    await fireEvent.submit(byId("rule-form"));
    await waitFor(() =>
      expect(requests(of, "judge_drafts").at(-1)?.files[0]?.text).toContain(reply("fill_rule").text.trim()),
    );
    expect([...requests(of, "save_file"), ...requests(of, "edit_files")]).toEqual([]);
    expect(allById("rules")).toEqual([]);
  });

  test("offer what was recorded, to be put in by a click", async () => {
    const of = await dialog();
    await fireEvent.click(rule("only-given-values"));
    await waitFor(() => expect(allById("recorded-values")).toHaveLength(1));
    const [first] = reply("recorded_values").values;
    if (!first) throw new Error("the fixture has recorded values");
    const button = () => byId("recorded-values").querySelector("button") as HTMLElement;
    await fireEvent.click(button());
    await waitFor(() => expect(requests(of, "fill_rule").at(-1)?.values["values"]).toBe(first.text));
    expect(button().getAttribute("aria-pressed")).toBe("true");
    await fireEvent.click(button());
    expect(byId<HTMLTextAreaElement>("rule-values").value).toBe("");
  });

  test("say what the host refuses", async () => {
    await dialog({
      fill_rule: () => {
        throw { code: "badRequest", message: "`9.5` is no answer", help: null };
      },
    });
    await fireEvent.click(rule("spend-limit"));
    await fireEvent.input(byId("rule-limit"), { target: { value: "9.5" } });
    await until("rule-form", /9\.5\W* is no answer/);
    expect(byId<HTMLButtonElement>("put-rule").disabled).toBe(true);
  });
});

test("recorded values are offered where they mean what they say", () => {
  const value = { name: "v", label: "", kind: "patterns", choices: [], example: "", of: "a" } as const;
  const found = { calls: 4, present: 4, distinct: 4 };
  const values = ["a", "a*b", " c", "d\ne"].map((text) => ({ text, calls: 1 }));
  const texts = (kind: RuleView["values"][number]["kind"]) =>
    offered({ ...value, kind, choices: [] }, { ...found, values }).map(({ text }) => text);
  expect(texts("patterns")).toEqual(["a"]);
  expect(texts("texts")).toEqual(["a", "a*b"]);
  expect(linesOf(" a \n\n b")).toEqual(["a", "b"]);
});

describe("picked calls", () => {
  const calls = () => allById("step-row").filter((row) => row.dataset.verdict !== undefined);
  const picked = () => allById("picked")[0]?.dataset.count;
  const click = (row: HTMLElement | undefined, options: MouseEventInit = {}) =>
    fireEvent.click(row?.firstElementChild as HTMLElement, options);

  async function session(answers: Answers = {}): Promise<Canned> {
    const of = canned(answers);
    await open(of);
    await waitFor(() => expect(calls().length).toBeGreaterThan(3));
    await click(calls()[0]);
    return of;
  }

  test("take the selected one along, and each is taken back by the same click", async () => {
    const of = await session();
    await click(calls()[2], { ctrlKey: true });
    await waitFor(() => expect(picked()).toBe("2"));
    expect(allById("picked-step")).toHaveLength(2);
    await click(calls()[2], { ctrlKey: true });
    await waitFor(() => expect(picked()).toBe("1"));
    await click(calls()[3], { shiftKey: true });
    await waitFor(() => expect(picked()).toBe("3"));
    await fireEvent.click(byId("forbid-picked"));
    await waitFor(() => expect(allById("candidates")).toHaveLength(1));
    const [request] = requests(of, "policies_from_calls");
    expect(request).toMatchObject({ effect: "forbid" });
    expect(request?.positions).toHaveLength(3);
    await waitFor(() => expect(allById("trial").every((one) => one.dataset.calls !== undefined)).toBe(true));
    await fireEvent.click(byId("unpick"));
    expect(picked()).toBeUndefined();
    await waitFor(() => expect(allById("candidates")).toEqual([]));
  });

  test("are picked by keys alone", async () => {
    await session();
    await press("ArrowDown", { shiftKey: true });
    await waitFor(() => expect(picked()).toBe("2"));
    await press("J", { shiftKey: true });
    await waitFor(() => expect(picked()).toBe("3"));
    await press("x");
    await waitFor(() => expect(picked()).toBe("2"));
  });
});
