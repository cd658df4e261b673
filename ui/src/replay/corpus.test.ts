import { beforeEach, describe, expect, test } from "vitest";
import { useHost } from "../api/client";
import { canned, type Canned } from "../host/canned";
import { Corpus } from "./corpus.svelte";

const FIRST = 128;
const STARTS = [0, 3, 5];
const before = [0 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST];
/** Sessions 4, 6 and 9 have calls; the ones between have none. */
const SESSIONS = [4, 4, 4, 6, 6, 9];
const call_at = ({ position }: { position: number }) => ({
  session: SESSIONS[position] ?? 0,
  step: position * 10,
});

let host: Canned;
let corpus: Corpus;
beforeEach(async () => {
  host = canned({ call_at });
  host.column = Uint8Array.from(before);
  useHost(host);
  corpus = new Corpus();
  await corpus.refresh();
});

async function after(...column: number[]): Promise<void> {
  host.column = Uint8Array.from(column);
  await corpus.refresh();
}

describe("the corpus", () => {
  test("knows where its sessions begin", () => expect([...corpus.starts]).toEqual(STARTS));

  test.each([
    [4, 2, 2],
    [6, 1, 4],
    [9, 0, 5],
  ])("in session %i finds call %i at %i", async (session, call, position) => {
    expect(await corpus.positionOf(session, call)).toBe(position);
  });

  test.each([
    ["the beginning", null, null, 1, 20],
    ["a denied call", 4, 2, 1, 30],
    ["a session without calls", 5, null, 1, 30],
    ["the last finding", 6, 0, 1, null],
    ["the other way", 9, 0, -1, 30],
  ] as const)("goes to the next finding from %s", async (_, session, call, by, step) => {
    expect((await corpus.findingFrom(session, call, by))?.step ?? null).toBe(step);
  });
});

describe("changes", () => {
  test("are none at first", () => expect(corpus.changes).toBeNull());

  test("say in which sessions, and what was before", async () => {
    corpus.mark();
    await after(1 | FIRST, 0, 1, 2 | FIRST, 3, 0 | FIRST);
    expect(corpus.changes?.positions).toEqual([0, 4]);
    expect(corpus.bySession).toEqual(
      new Map([
        [4, new Map([[0, "allowed"]])],
        [6, new Map([[1, "allowed"]])],
      ]),
    );
  });

  test("stay until the next save, however many replays there are", async () => {
    corpus.mark();
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    expect(corpus.changes?.positions).toEqual([0]);
    corpus.mark();
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    expect(corpus.changes?.positions).toEqual([]);
  });

  test("are not claimed for other calls", async () => {
    corpus.mark();
    await after(1 | FIRST, 0);
    expect(corpus.changes).toBeNull();
  });

  test("that were dismissed do not come back", async () => {
    corpus.mark();
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    corpus.forgetChanges();
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    expect(corpus.changes).toBeNull();
  });
});
