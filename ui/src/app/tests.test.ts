import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands } from "../api/bindings";
import { canned, reply, type Canned } from "../host/canned";
import { mistakeSaid } from "../review/tests";
import { allById, byId, open, press, until } from "../test/app";

const requests = (of: Canned, name: keyof Commands) =>
  of.calls.flatMap((one) => (one.name === name ? [one.request] : []));

async function look(of: Canned = canned()): Promise<Canned> {
  await open(of);
  await press("X", { shiftKey: true });
  await waitFor(() => expect(allById("test").length).toBeGreaterThan(0));
  return of;
}

describe("tests", () => {
  test("are run once they are looked at, and what does not hold comes first, with what differs", async () => {
    const of = await look();
    const { tests } = reply("run_tests");
    const wrong = tests.filter((one) => one.outcome !== "passed");
    expect(wrong.length).toBeGreaterThan(0);
    expect(allById("test")).toHaveLength(tests.length);
    expect(allById("test")[0]?.dataset.outcome).not.toBe("passed");
    const text = byId("tests-part").textContent;
    for (const message of wrong.flatMap((one) => one.messages)) expect(text).toContain(message);
    await until("tests-summary", `${tests.length - wrong.length} of ${tests.length} hold`);
    await until("tab-tests", `${wrong.length} wrong`);
    expect(requests(of, "run_tests")).toEqual([{ mutate: false }]);
  });

  test("lead to their call and to their place in the file", async () => {
    await look();
    const at = reply("run_tests").tests.find((one) => one.call !== null);
    const link = allById("test-call").find((one) => one.textContent === at?.name);
    await fireEvent.click(link as HTMLElement);
    await waitFor(() => expect(location.hash).toContain(`step=${at?.call?.step}`));
    await press("X", { shiftKey: true });
    await fireEvent.click(allById("test-line")[0] as HTMLElement);
    await waitFor(() => expect(location.hash).toContain("file=tests%2Frent.toml"));
  });

  test("say which policies and conditions they reach, by themselves and by recordings", async () => {
    await look();
    await fireEvent.click(byId("tab-coverage"));
    const { coverage, policies } = reply("run_tests");
    expect(allById("covered")).toHaveLength(policies.total);
    const text = byId("tests-part").textContent;
    for (const one of coverage) expect(text).toContain(one.policy);
    expect(text).toMatch(new RegExp(`${policies.byTests} by\\s+tests`));
  });

  test("show which mistakes nobody would notice, once they are tried", async () => {
    const of = await look();
    await fireEvent.click(byId("try-mistakes"));
    await waitFor(() => expect(allById("mistake").length).toBeGreaterThan(0));
    expect(requests(of, "run_tests")).toEqual([{ mutate: false }, { mutate: true }]);
    const unnoticed =
      reply("run_tests", "mutate").mutants?.filter(({ noticed }) => noticed === "nobody") ?? [];
    const text = byId("mistakes-nobody").textContent;
    for (const one of unnoticed) expect(text).toContain(mistakeSaid(one).trim());
    await until("tab-mistakes", `${unnoticed.length} unnoticed`);
  });

  test("that are overtaken say nothing", async () => {
    await open(canned({ run_tests: () => ({ ...reply("run_tests"), superseded: true }) }));
    await press("X", { shiftKey: true });
    await until("tests-view", "changed meanwhile");
    expect(allById("test")).toHaveLength(0);
  });
});
