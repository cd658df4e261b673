import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, EntityRow } from "../api/bindings";
import { withEntity } from "../entities/entities-desk.svelte";
import { graphOf } from "../entities/graph";
import { canned, reply, type Canned } from "../host/canned";
import { allById, byId, open, press, until } from "../test/app";

const requests = <C extends keyof Commands>(of: Canned, name: C) =>
  of.calls.flatMap((one) => (one.name === name ? [one.request as Commands[C][0]] : []));
const row = (uid: string) =>
  document.querySelector<HTMLElement>(`[data-testid=entity-row][data-uid='${uid}']`) as HTMLElement;

async function look(): Promise<Canned> {
  const of = canned();
  await open(of);
  await press("E", { shiftKey: true });
  await waitFor(() => expect(allById("entity-row").length).toBeGreaterThan(0));
  return of;
}

describe("entities", () => {
  test("are listed as the host says, filtered, and shown among their groups", async () => {
    await look();
    const { entities } = reply("entities");
    expect(allById("entity-row")).toHaveLength(entities.length);
    await fireEvent.change(byId("entity-kind"), { target: { value: "tool" } });
    const tools = entities.filter(({ kind }) => kind === "tool");
    expect(allById("entity-row")).toHaveLength(tools.length);
    const [tool] = tools;
    if (!tool) throw new Error("the fixture has tools");
    await fireEvent.click(row(tool.uid));
    await until("entity-detail", tool.id);
    const nodes = allById("entity-node").map((node) => node.title);
    for (const at of tool.parents) expect(nodes).toContain(entities[at]?.uid);
    await fireEvent.click(allById("entity-node").at(-1) as HTMLElement);
    await waitFor(() => expect(byId("entity-detail").getAttribute("aria-label")).toBe(nodes.at(-1)));
  });

  test("that are only named are declared by a click, in the draft", async () => {
    const of = await look();
    const named = reply("entities").entities.find(({ kind, isDeclared }) => kind === "server" && !isDeclared);
    if (!named) throw new Error("the fixture has a server that is only named");
    await fireEvent.click(row(named.uid));
    await fireEvent.click(byId("declare-entity"));
    await waitFor(() => expect(requests(of, "entities").at(-1)?.text).toContain(JSON.stringify(named.id)));
    expect([...requests(of, "save_file"), ...requests(of, "edit_files")]).toEqual([]);
  });
});

test("an entity is added at the end of the list, and only to a list", () => {
  const list = '[\n  { "uid": { "type": "A", "id": "]" } }\n]\n';
  const more = withEntity(list, "N::Agent", 'a"b') ?? "";
  expect(more.startsWith('[\n  { "uid": { "type": "A", "id": "]" } },\n')).toBe(true);
  expect((JSON.parse(more) as unknown[])[1]).toEqual({
    uid: { type: "N::Agent", id: 'a"b' },
    attrs: {},
    parents: [],
  });
  expect(JSON.parse(withEntity("[]", "A", "b") ?? "")).toHaveLength(1);
  expect(JSON.parse(withEntity("", "A", "b") ?? "")).toHaveLength(1);
  expect(withEntity("{}", "A", "b")).toBeNull();
  expect(withEntity("[{", "A", "b")).toBeNull();
});

test("a picture of an entity ends, whoever is a member of whom", () => {
  const entity = (id: string, parents: number[]): EntityRow => ({
    uid: `T::"${id}"`,
    ty: "T",
    id,
    kind: "other",
    parents,
    attributes: [],
    calls: null,
    isDeclared: true,
  });
  const circle = [entity("a", [1]), entity("b", [2]), entity("c", [0])];
  const graph = graphOf(circle, 0);
  expect(new Set(graph.nodes.map(({ at }) => at))).toEqual(new Set([0, 1, 2]));
  const many = [entity("g", []), ...Array.from({ length: 20 }, (_, at) => entity(`m${at}`, [0]))];
  expect(graphOf(many, 0)).toMatchObject({ more: 8, columns: 2, rows: 12 });
  expect(graphOf(many, 1).edges).toEqual([[1, 0]]);
});
