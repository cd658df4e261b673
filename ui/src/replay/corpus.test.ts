import { beforeEach, describe, expect, test } from "vitest";
import { useHost } from "../api/client";
import { canned, type Canned } from "../host/canned";
import { Corpus } from "./corpus.svelte";

const FIRST = 128;
const STARTS = [0, 3, 5];
const SAVED = [0 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST];
const ONE = [1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST];
const TWO = [1 | FIRST, 1, 1, 2 | FIRST, 0, 0 | FIRST];
const THREE = [1 | FIRST, 1, 1, 2 | FIRST, 1, 0 | FIRST];
/** Sessions 4, 6 and 9 have calls; the ones between have none. */
const SESSIONS = [4, 4, 4, 6, 6, 9];
const MANY = 12;
const call_at = ({ position }: { position: number }) => ({
  session: SESSIONS[position] ?? 0,
  step: position * 10,
});

let host: Canned;
let corpus: Corpus;
beforeEach(async () => {
  host = canned({ call_at });
  host.column = Uint8Array.from(SAVED);
  useHost(host);
  corpus = new Corpus();
  await corpus.refresh("saved", MANY);
});

async function after(...column: number[]): Promise<void> {
  host.column = Uint8Array.from(column);
  await corpus.refresh("saved", MANY);
}

async function draft(...column: number[]): Promise<void> {
  host.column = Uint8Array.from(column);
  await corpus.refresh("draft", MANY);
}

/** What changed in the sessions that have calls. */
async function changed(): Promise<unknown> {
  const sessions = [4, 5, 6, 9];
  await corpus.locate(sessions);
  return sessions.map((session) => [...corpus.changesOf(session)]);
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
    expect(corpus.changes).toMatchObject({ calls: 2, sessions: 2 });
    expect(await changed()).toEqual([[[0, "allowed"]], [], [[1, "allowed"]], []]);
    expect([4, 5, 6, 9].map((session) => corpus.changedIn(session))).toEqual([1, 0, 1, 0]);
  });

  test("need no question where every session has calls", async () => {
    host.column = Uint8Array.from(ONE);
    await corpus.refresh("draft", STARTS.length);
    expect(corpus.changedIn(0)).toBe(1);
    expect(host.calls).toEqual([]);
  });

  test("stay until the next save, however many replays there are", async () => {
    corpus.mark();
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    expect(corpus.changes?.calls).toBe(1);
    corpus.mark();
    await after(1 | FIRST, 0, 1, 2 | FIRST, 0, 0 | FIRST);
    expect(corpus.changes?.calls).toBe(0);
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

describe("a draft", () => {
  test("is compared with the last save, however often it changes", async () => {
    await draft(...ONE);
    expect(corpus.changes?.calls).toBe(1);
    await draft(...TWO);
    expect(corpus.changes?.calls).toBe(2);
  });

  test("that changes nothing says so", async () => {
    await draft(...SAVED);
    expect(corpus.changes?.calls).toBe(0);
  });

  test("that is undone leaves nothing", async () => {
    await draft(...ONE);
    await after(...SAVED);
    expect(corpus.changes).toBeNull();
  });

  test("that is saved is what the save changed; the next draft is compared with it", async () => {
    await draft(...TWO);
    corpus.mark();
    await after(...TWO);
    expect(corpus.changes?.calls).toBe(2);
    await draft(...THREE);
    expect(corpus.changes?.calls).toBe(1);
  });

  test("beside a file that was saved is compared with that", async () => {
    await draft(...TWO);
    corpus.mark();
    host.column = Uint8Array.from(ONE);
    await corpus.readSaved();
    await draft(...TWO);
    expect(corpus.changes?.calls).toBe(1);
  });

  test("of other calls is compared with nothing", async () => {
    await draft(1 | FIRST, 0);
    expect(corpus.changes).toBeNull();
    await draft(0 | FIRST, 0);
    expect(corpus.changes).toBeNull();
  });
});
