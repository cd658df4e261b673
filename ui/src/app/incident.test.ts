import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, StopRuleView } from "../api/bindings";
import { canned, cannedError, reply, type Canned } from "../host/canned";
import { allById, byId, open, press, until } from "../test/app";

const requests = (of: Canned, name: keyof Commands) =>
  of.calls.flatMap((one) => (one.name === name ? [one.request] : []));
const drift = reply("steps").steps.find(({ body }) => body.kind === "call" && body.verdict === "drifted");

async function atTheDrift(of: Canned): Promise<Canned> {
  await open(of);
  const row = await waitFor(() => {
    const found = allById("step-row").find((one) => one.dataset.step === String(drift?.step));
    if (!found) throw new Error("no row of the drift");
    return found;
  });
  await fireEvent.click(row);
  await waitFor(() => expect(byId("why").dataset.verdict).toBe("drifted"));
  return of;
}

describe("stop this", () => {
  test("offers rules with what else they deny, and writes policy and test when one is accepted", async () => {
    const { rules } = reply("stop_rules");
    expect(rules.length).toBeGreaterThan(1);
    const of = await atTheDrift(canned());
    await press("s");
    await waitFor(() => expect(allById("stop-rule")).toHaveLength(rules.length));
    expect(requests(of, "stop_rules")).toEqual([{ session: 0, step: drift?.step }]);
    expect(requests(of, "edit_files")).toEqual([]);
    const text = byId("stop-rules").textContent ?? "";
    for (const rule of rules) expect(text).toContain(rule.title);
    await fireEvent.click(allById("accept-rule")[0] as HTMLElement);
    await waitFor(() => expect(requests(of, "edit_files")).toEqual([{ edits: rules[0]?.edits }]));
    await until("stop-rules", "Written to");
    await until("file-step", rules[0]?.id ?? "");
  });

  test("names good calls elsewhere that a rule would deny, and leads to them", async () => {
    const [first] = reply("stop_rules").rules;
    const costly: StopRuleView = {
      ...(first as StopRuleView),
      elsewhere: { calls: 3, allowed: 2, drifted: 1, unknown: 0 },
      missed: [{ recording: "sessions/march-rent.session", session: 0, step: 8 }],
    };
    await atTheDrift(canned({ stop_rules: () => ({ superseded: false, rules: [costly] }) }));
    await fireEvent.click(byId("stop-this"));
    await until("stop-elsewhere", "2 within their remit and 1 drifted");
    await fireEvent.click(byId("stop-missed"));
    await waitFor(() => expect(location.hash).toContain("step=8"));
  });
});

describe("search", () => {
  test("finds steps in all sessions, leads to them, and is kept", async () => {
    const of = canned();
    await open(of);
    await press("f", { ctrlKey: true, shiftKey: true, code: "KeyF" });
    await fireEvent.input(byId("search-query"), { target: { value: "tool:send_money" } });
    await fireEvent.submit(byId("search").closest("form") as HTMLElement);
    const { steps, sessions } = reply("search");
    await until("search-count", `${steps} step`);
    expect(byId("search-count").textContent).toContain(`${sessions} session`);
    expect(requests(of, "search")).toEqual([{ query: "tool:send_money" }]);
    await fireEvent.click(byId("save-search"));
    await waitFor(() =>
      expect(allById("saved-search").map((one) => one.textContent)).toContain("tool:send_money"),
    );
    expect(requests(of, "set_preferences").at(-1)).toMatchObject({ searches: ["tool:send_money"] });
    const hit = reply("search").found[0];
    await fireEvent.click(allById("hit")[0] as HTMLElement);
    await waitFor(() => expect(location.hash).toContain(`step=${hit?.steps[0]?.step}`));
  });

  test("says what is wrong with a query", async () => {
    const wrong = cannedError("badQuery");
    await open(
      canned({
        search: () => {
          throw wrong;
        },
      }),
    );
    await press("f", { ctrlKey: true, shiftKey: true, code: "KeyF" });
    await fireEvent.input(byId("search-query"), { target: { value: "verdict:maybe" } });
    await fireEvent.submit(byId("search").closest("form") as HTMLElement);
    await until("search-view", "no verdict");
  });
});

test("the report of a session is written, and where it is is said", async () => {
  const of = canned();
  await open(of);
  await press("W", { shiftKey: true });
  await until("told", reply("export_report").path);
  expect(requests(of, "export_report")).toEqual([{ session: 0, format: "html" }]);
});

test("which calls count after a denied one that ran can be chosen", async () => {
  await open(canned());
  const { calls } = reply("session");
  const hypothetical = calls.filter((one) => one.hypothetical !== null);
  expect(hypothetical.length).toBeGreaterThan(0);
  const allowed = (counted: typeof calls) => counted.filter(({ verdict }) => verdict === "allowed").length;
  await until("session-allowed", String(allowed(calls)));
  await fireEvent.change(byId("count-hypothetical"), { target: { value: "none" } });
  await until("session-allowed", String(allowed(calls.filter((one) => one.hypothetical === null))));
});
