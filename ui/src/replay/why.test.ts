import { fireEvent, screen } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { canned, reply } from "../host/canned";
import { byId, open, until } from "../test/app";

const plain = (text: string): string => text.replaceAll("`", "");

describe("the why card", () => {
  test.each(["allowed", "denied", "drifted", "unknown", "errors"])("of a call: %s", async (variant) => {
    const why = reply("why", variant);
    await open(canned({ why: () => why }));
    await until("why-sentence", plain(why.sentence));
    const card = byId("why");
    expect(card.dataset.verdict).toBe(why.call.verdict);
    for (const policy of [...(why.guardrails?.reasons ?? []), ...(why.scope?.reasons ?? [])]) {
      await until("why", policy.id);
      await until("why", policy.text);
      await until("why", `${policy.file}:${policy.line}`);
    }
    for (const misfit of why.misfits) await until("why", plain(misfit));
  });

  test("says loudly which policies failed", async () => {
    const why = reply("why", "errors");
    await open(canned({ why: () => why }));
    const failures = [...(why.guardrails?.errors ?? []), ...(why.scope?.errors ?? [])];
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      const box = await until("why-errors", failure.policy.id);
      expect(box.textContent).toContain(plain(failure.message));
      expect(box.getAttribute("role")).toBe("alert");
    }
  });

  test("says why a verdict is unknown, and what to do", async () => {
    const { unknown } = reply("why", "unknown");
    await open(canned({ why: () => reply("why", "unknown") }));
    await until("why-unknown", plain(unknown?.message ?? ""));
    await until("why-unknown", plain(unknown?.help ?? ""));
  });

  test("names the values that nobody vouches for, and leads to where they stand", async () => {
    const why = reply("why", "drifted");
    expect(why.because.length).toBeGreaterThan(0);
    await open(canned({ why: () => why }));
    for (const one of why.because) {
      const box = await until("why-because", one.value);
      expect(box.textContent).toContain(one.argument);
      if (one.excerpt) expect(box.textContent).toContain(one.excerpt.before);
    }
    await fireEvent.click(screen.getAllByTestId("because-step")[0] as HTMLElement);
  });

  test("says what each condition over history came to, and leads to the steps that it rests on", async () => {
    const witness = { steps: [3], words: "the response of read_file" };
    const condition = { text: "formerly within 1h P{}", start: 0, literals: [] };
    const history = [
      { ...condition, holds: true, witnesses: [witness] },
      { ...condition, holds: false, witnesses: [{ steps: [], words: "4 of 5" }] },
      { ...condition, holds: null, witnesses: [] },
    ];
    await open(canned({ why: () => ({ ...reply("why", "denied"), history }) }));
    await until("why-history", witness.words);
    const [holds, fails, unrecorded] = screen
      .getAllByTestId("history-condition")
      .map((one) => one.textContent);
    expect(holds).toContain("holds at this call");
    expect(fails).toContain("does not hold");
    expect(fails).toContain("4 of 5");
    expect(unrecorded).toContain("nobody recorded");
    expect(byId("witness").closest("[data-step]")?.getAttribute("data-step")).toBe("3");
    await fireEvent.click(byId("witness-step"));
    expect(location.hash).toContain("step=3");
  });

  test("says that nothing was declared, where there is no scope", async () => {
    await open(canned({ why: () => ({ ...reply("why", "allowed"), scope: null }) }));
    await until("why", "No scope declared");
  });

  test("leads to the policy in the editor", async () => {
    await open(canned({ why: () => reply("why", "denied") }));
    await until("why-sentence", "denied");
    await fireEvent.click(screen.getAllByTestId("policy-link")[0] as HTMLElement);
    await until("editor", "permit");
  });
});
