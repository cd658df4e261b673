import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { canned, reply } from "../host/canned";
import { allById, byId, open } from "../test/app";

const steps = reply("steps").steps;
const row = (step: number) =>
  waitFor(() => {
    const found = document.querySelector<HTMLElement>(`[data-testid=step-row][data-step="${step}"]`);
    if (!found?.querySelector("time")) throw new Error(`step ${step} is not drawn`);
    return found;
  });

describe("the transcript", () => {
  test("draws every step that the host has, each call with its verdict in words", async () => {
    await open(canned());
    for (const { step, body } of steps) {
      const { dataset, textContent } = await row(step);
      if (body.kind !== "call") continue;
      expect(dataset.verdict).toBe(body.verdict);
      expect(textContent?.toLowerCase()).toContain(body.verdict);
      expect(textContent).toContain(body.tool);
      if (body.outcome === "refused" || body.outcome === "failed")
        expect(textContent).toContain(body.outcome);
      if (body.uncertain) expect(textContent).toContain("uncertain");
    }
  });

  test("names the lane of a sub-agent where it begins", async () => {
    await open(canned());
    const inner = steps.find((step) => step.lane > 0);
    const lane = reply("session").lanes[inner?.lane ?? 0];
    expect((await row(inner?.step ?? 0)).textContent).toContain(lane?.agent);
  });

  test("marks the horizon after the first denied call, and what follows", async () => {
    await open(canned());
    const { horizon } = reply("session");
    const at = await row(horizon ?? -1);
    expect(at.querySelector("[data-testid=horizon]")?.textContent).toContain("would not have had");
    expect(at.querySelector(".hypothetical")).toBeNull();
    const { calls } = reply("session");
    for (const call of calls.filter(({ hypothetical }) => hypothetical !== null)) {
      const after = await row(call.step);
      expect(after.querySelector(`.hypothetical.${call.hypothetical}`)).toBeTruthy();
      expect(after.querySelector("[data-testid=hypothetical]")).toBeTruthy();
    }
  });

  test("shows HTML and script of a recording as text, and runs nothing", async () => {
    await open(canned());
    const hostile = steps.find(
      (step) => step.body.kind === "result" && step.body.text.text.includes("<script>"),
    );
    const drawn = await row(hostile?.step ?? -1);
    expect(drawn.textContent).toContain("<script>");
    expect(drawn.querySelector("script, img, body, h1")).toBeNull();
    expect(document.body.dataset.hacked).toBeUndefined();
  });

  test("shows the beginning of a long text until all of it is asked for", async () => {
    const host = canned();
    await open(host);
    const long = steps.find(({ body }) => body.kind !== "call" && body.text.more > 0);
    const drawn = await row(long?.step ?? -1);
    const button = (words: string) =>
      [...drawn.querySelectorAll("button")].find((one) => one.textContent?.includes(words));
    // A system text is one line until it is opened.
    if (long?.body.kind === "message" && long.body.role === "system")
      await fireEvent.click(button("System") as HTMLElement);
    await fireEvent.click(button("Show all") as HTMLElement);
    await waitFor(() => expect(drawn.textContent).toContain(reply("step_text").text.trim().slice(-40)));
    expect(host.calls).toContainEqual({ name: "step_text", request: { session: 0, step: long?.step } });
  });

  test("says what the importer skipped", async () => {
    await open(canned());
    await fireEvent.click(byId("import-warnings"));
    const header = byId("import-warnings").closest("header");
    for (const warning of reply("session").warnings) {
      expect(header?.textContent).toContain(warning.message);
      expect(header?.textContent).toContain(warning.place);
    }
  });

  test("says that a session without a scope cannot drift", async () => {
    const view = reply("session");
    await open(canned({ session: () => ({ ...view, row: { ...view.row, scoped: false, task: null } }) }));
    expect(document.body.textContent).toContain("No scope declared: this session cannot drift");
  });

  test("asks for windows of steps, never for all of a long session", async () => {
    const view = { ...reply("session"), steps: 5000 };
    const host = canned({ session: () => view });
    await open(host);
    const asked = host.calls.filter((one) => one.name === "steps").map((one) => one.request);
    expect(asked).toEqual([{ session: 0, start: 0, len: 100 }]);
    expect(allById("step-row").length).toBeLessThan(200);
  });
});
