import { describe, expect, test } from "vitest";
import { BY_CODE } from "../verdict/verdict";
import { bins, blockAt, changedVerdicts, compare, nextFinding, sessionStarts, verdictAt } from "./column";

/** One letter a call; a bar begins a session; a capital is an uncertain one. */
function column(text: string): Uint8Array {
  const bytes: number[] = [];
  let first = 0;
  for (const letter of text) {
    if (letter === "|") {
      first = 128;
      continue;
    }
    const code = "adru".indexOf(letter.toLowerCase());
    bytes.push(code | first | (letter === letter.toUpperCase() ? 64 : 0));
    first = 0;
  }
  return Uint8Array.from(bytes);
}

describe("the column", () => {
  test("ignores the marks of sessions and uncertainty when it reads a verdict", () => {
    const read = [...column("|aD|Ru")].map((_, at) => verdictAt(column("|aD|Ru"), at));
    expect(read).toEqual(["allowed", "denied", "drifted", "unknown"]);
  });

  test("knows where sessions begin", () => expect([...sessionStarts(column("|aa|d|rr"))]).toEqual([0, 2, 3]));

  test.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 2],
    [99, 2],
  ])("finds the session of position %i", (position, block) => {
    expect(blockAt(sessionStarts(column("|aa|d|rr")), position)).toBe(block);
  });
});

describe("bins", () => {
  test.each([
    ["aaaaaaaa", 2, "aa"],
    ["aaaaaaar", 2, "ar"],
    ["aaurdaaa", 2, "rd"],
    ["auaaaaru", 2, "ur"],
    ["adru", 9, "adru"],
    ["aadaaaaaaa", 3, "daa"],
    ["", 5, ""],
  ])("of %s into %i: the worst verdict wins", (calls, most, expected) => {
    const letters = [...bins(column(calls), most)].map((code) => "adru"[code]);
    expect(letters.join("")).toBe(expected);
  });

  test("never hide the only denied call of a million", () => {
    const many = new Uint8Array(1_000_000);
    many[654_321] = BY_CODE.indexOf("denied");
    expect([...bins(many, 1300)].filter((code) => code === 1)).toHaveLength(1);
  });
});

describe("changes", () => {
  test("are counted by the verdict now", () => {
    const changes = compare(column("|aaa|du"), column("|ada|ru"));
    expect(changes?.positions).toEqual([1, 3]);
    expect(changes?.newly).toEqual({ allowed: 0, denied: 1, drifted: 1, unknown: 0 });
    expect(changes && changedVerdicts(changes)).toEqual(["denied", "drifted"]);
  });

  test("are none where only the certainty differs", () => {
    expect(compare(column("|aD"), column("|ad"))?.positions).toEqual([]);
  });

  test.each([
    ["another number of calls", "|aa", "|aaa"],
    ["other sessions", "|aa|a", "|a|aa"],
  ])("cannot be told from %s", (_, before, after) => {
    expect(compare(column(before), column(after))).toBeNull();
  });
});

test.each([
  [-1, 1, 2],
  [2, 1, 4],
  [4, 1, null],
  [4, -1, 2],
  [2, -1, null],
] as const)("the finding from %i by %i is at %s", (from, by, expected) => {
  expect(nextFinding(column("|aad|ar|a"), from, by)).toBe(expected);
});
