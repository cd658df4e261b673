import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, FrictionGroup } from "../api/bindings";
import { canned, reply, type Canned } from "../host/canned";
import { allById, byId, open, press, until } from "../test/app";

const requests = (of: Canned, name: keyof Commands) =>
  of.calls.flatMap((one) => (one.name === name ? [one.request] : []));

const GROUP: FrictionGroup = {
  action: "send_money",
  forbiddenBy: ["two-people-above-1000"],
  tasks: ["payments/pay-rent"],
  calls: 3,
  examples: [{ recording: "sessions/march-rent.session", session: 0, step: 8 }],
  proposal: {
    file: "guardrails/payments.cedar",
    added: 'unless { principal in Task::"payments/pay-rent" }',
    text: "// the whole file, changed\n",
    letsThrough: 3,
    also: [{ action: "delegate", verdict: "drifted", calls: 2 }],
  },
};

async function look(groups: FrictionGroup[]): Promise<Canned> {
  const of = canned({ friction: () => ({ superseded: false, groups }) });
  await open(of);
  await press("I", { shiftKey: true });
  return of;
}

describe("friction", () => {
  test("is grouped, with the change that would end it and what else that lets through", async () => {
    const of = await look([GROUP, { ...GROUP, action: "delegate", forbiddenBy: [], proposal: null }]);
    await waitFor(() => expect(allById("friction-group")).toHaveLength(2));
    const [first, second] = allById("friction-group").map((one) => one.textContent ?? "");
    for (const words of [
      "3 calls",
      "two-people-above-1000",
      "payments/pay-rent",
      "2 calls of delegate",
      "Drifted",
    ])
      expect(first).toContain(words);
    expect(second).toContain("no guardrail permits it");
    expect(second).toContain("No single change");
    expect(requests(of, "friction")).toHaveLength(1);
  });

  test("its change becomes a draft, and nothing is saved", async () => {
    const of = await look([GROUP]);
    await waitFor(() => expect(byId("use-proposal")).toBeTruthy());
    await fireEvent.click(byId("use-proposal"));
    await waitFor(() =>
      expect(requests(of, "judge_drafts").at(-1)).toEqual({
        files: [{ path: GROUP.proposal?.file, text: GROUP.proposal?.text }],
      }),
    );
    expect([...requests(of, "save_file"), ...requests(of, "edit_files")]).toEqual([]);
    await until("friction-view", "In the draft of");
  });

  test("goes to one of its calls", async () => {
    await look([GROUP]);
    await waitFor(() => expect(byId("friction-call")).toBeTruthy());
    await fireEvent.click(byId("friction-call"));
    await waitFor(() => expect(location.hash).toContain("session=0&step=8"));
  });

  test("of the fixture is as the host says", async () => {
    await open(canned());
    await press("I", { shiftKey: true });
    const { groups } = reply("friction");
    if (groups.length === 0) await until("friction-view", "No friction");
    else await waitFor(() => expect(allById("friction-group")).toHaveLength(groups.length));
  });
});

test("drifts are filtered by how grave they are, as long as only drifts are shown", async () => {
  const of = canned();
  await open(of);
  await fireEvent.click(byId("count-drifted"));
  await waitFor(() => expect(byId("only-unverified-value")).toBeTruthy());
  await fireEvent.click(byId("only-unverified-value"));
  const by = (verdict: string | null, severity: string | null) => ({
    start: 0,
    len: 50,
    text: "",
    verdict,
    severity,
  });
  await waitFor(() => expect(requests(of, "sessions").at(-1)).toEqual(by("drifted", "unverified-value")));
  expect(byId("only-unverified-value").getAttribute("aria-pressed")).toBe("true");
  await fireEvent.click(byId("count-denied"));
  await waitFor(() => expect(requests(of, "sessions").at(-1)).toEqual(by("denied", null)));
  expect(allById("only-unverified-value")).toHaveLength(0);
});
