import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, MisfitGroup } from "../api/bindings";
import { canned, reply, type Canned } from "../host/canned";
import { serverOf, serversIn } from "../schema/schema-desk.svelte";
import { allById, byId, open, press, until } from "../test/app";

type Answers = Parameters<typeof canned>[0];
const SCHEMA = "schema.cedarschema";
const requests = <C extends keyof Commands>(of: Canned, name: C) =>
  of.calls.flatMap((one) => (one.name === name ? [one.request as Commands[C][0]] : []));

const saved = () => reply("read_file", "schema").text;
const at = saved().indexOf("amount");
const GROUP: MisfitGroup = {
  tool: "send_money",
  message: "the call has no `context.input.amount`, which the schema requires",
  help: null,
  calls: 3,
  session: 0,
  step: 8,
  fixes: [{ title: "Make `amount` optional", edit: { path: SCHEMA, from: at + 6, to: at + 6, text: "?" } }],
  isUndeclared: false,
};
const MENDED = saved().replace("amount", "amount?");

function misfits(groups: MisfitGroup[], answers: Answers = {}): Canned {
  const found = { sessions: 8, lookedAt: 8, calls: 20, misfits: 5, groups, superseded: false };
  return canned({ schema_misfits: () => found, ...answers });
}

async function look(of: Canned): Promise<void> {
  await open(of);
  await press("M", { shiftKey: true });
  await waitFor(() => expect(allById("misfit-group").length).toBeGreaterThan(0));
}

describe("the schema desk", () => {
  test("shows what the host says of the fixture", async () => {
    await look(canned());
    const found = reply("schema_misfits");
    expect(allById("misfit-group")).toHaveLength(found.groups.length);
    await until("misfit-count", `${found.misfits} of ${found.calls}`);
    expect(allById("declare-tool")).toHaveLength(found.groups.filter((one) => one.isUndeclared).length);
    expect(allById("schema-effects")).toEqual([]);
  });

  test("says so when it did not look at everything", async () => {
    const few = { sessions: 9000, lookedAt: 2000, calls: 20, misfits: 1, groups: [GROUP], superseded: false };
    await look(canned({ schema_misfits: () => few }));
    await until("misfit-count", "Only the first 2,000 of 9,000 sessions");
  });

  test("mends by a click in the draft, shows what that does, and takes it back", async () => {
    const of = misfits([GROUP]);
    await look(of);
    await fireEvent.click(byId("schema-fix"));
    await waitFor(() => expect(requests(of, "schema_misfits").at(-1)).toEqual({ text: MENDED }));
    expect(requests(of, "schema_effects").at(-1)).toEqual({ path: SCHEMA, text: MENDED });
    await until("schema-effects", "wire_money");
    expect([...requests(of, "save_file"), ...requests(of, "edit_files")]).toEqual([]);
    await fireEvent.click(byId("undo-file-step"));
    await waitFor(() => expect(allById("schema-effects")).toEqual([]));
    await waitFor(() => expect(requests(of, "schema_misfits").at(-1)).toEqual({ text: null }));
  });

  test("a fix that was offered for another text does nothing", async () => {
    const of = misfits([GROUP]);
    await look(of);
    await fireEvent.click(byId("schema-fix"));
    await fireEvent.click(byId("schema-fix"));
    await waitFor(() => expect(requests(of, "schema_misfits").at(-1)).toEqual({ text: MENDED }));
  });

  test("declares a tool as its calls show it", async () => {
    const made = `${saved()}\naction "new";\n`;
    const of = misfits([{ ...GROUP, tool: "wipe", fixes: [], isUndeclared: true }], {
      make_schema: () => ({ text: made, notes: ["`wipe` is new"] }),
    });
    await look(of);
    await fireEvent.click(byId("declare-tool"));
    await until("schema-notes", "wipe is new");
    expect(requests(of, "make_schema")).toEqual([{ text: null, from: { kind: "recordings", tool: "wipe" } }]);
    await waitFor(() => expect(requests(of, "schema_misfits").at(-1)).toEqual({ text: made }));
  });

  test("reads a server's new tool list and names the policies that suffer", async () => {
    const of = misfits([GROUP], { make_schema: () => ({ text: MENDED, notes: [] }) });
    await look(of);
    await fireEvent.click(byId("read-tools"));
    await waitFor(() => expect(allById("tool-list-server")).toHaveLength(1));
    await fireEvent.input(byId("tool-list-server"), { target: { value: "bank" } });
    await fireEvent.submit(byId("tool-list-form"));
    const path = "/home/ada/payments-desk/labels.jsonl";
    await waitFor(() =>
      expect(requests(of, "make_schema")).toEqual([
        { text: null, from: { kind: "toolList", path, server: "bank" } },
      ]),
    );
    const [finding] = reply("schema_effects").findings;
    await until("schema-effects", finding?.message.slice(0, 20) ?? "no finding");
  });

  test("goes to a call, and says what the host refuses", async () => {
    const of = misfits([GROUP], {
      schema_effects: () => {
        throw { code: "invalidText", message: "it does not parse", help: null };
      },
    });
    await look(of);
    await fireEvent.click(byId("schema-fix"));
    await until("schema-effects", "it does not parse");
    await fireEvent.click(byId("misfit-call"));
    await waitFor(() => expect(location.hash).toContain("session=0&step=8"));
  });
});

test("servers are read from the schema's groups and from a file's name", () => {
  expect(
    serversIn('action "server:mail"; action "x" in [Action::"server:bank", Action::"server:mail"];'),
  ).toEqual(["bank", "mail"]);
  expect(serverOf("/a/b/bank.tools.json")).toBe("bank");
  expect(serverOf("C:\\lists\\mail.json")).toBe("mail");
});
