import { describe, expect, test } from "vitest";
import { bytesRead, column, million } from "../test/column";
import { bins } from "./bins";
import { changedVerdicts, compare, nextChange } from "./changes";
import { nextFinding, sessionStarts, verdictAt } from "./column";

const difference = (before: string, after: string) =>
  compare(column(before), column(after), sessionStarts(column(before)));

describe("the column", () => {
  test("ignores the marks of sessions and uncertainty when it reads a verdict", () => {
    const read = [...column("|aD|Ru")].map((_, at) => verdictAt(column("|aD|Ru"), at));
    expect(read).toEqual(["allowed", "denied", "drifted", "unknown"]);
  });

  test("knows where sessions begin", () => expect([...sessionStarts(column("|aa|d|rr"))]).toEqual([0, 2, 3]));

  test.each([1, 63, 64, 65, 200])("knows where each of %i sessions begins", (many) => {
    const starts = sessionStarts(column("|adru|a".repeat(many)));
    expect(starts).toHaveLength(2 * many);
    expect(starts.slice(-2)).toEqual(Uint32Array.of(5 * many - 5, 5 * many - 1));
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
    const letters = [...bins(column(calls), most).worst].map((code) => "adru"[code]);
    expect(letters.join("")).toBe(expected);
  });

  test("never hide the only denied call of a million", () => {
    const many = new Uint8Array(1_000_000);
    many[654_321] = 1;
    expect([...bins(many, 1300).worst].filter((code) => code === 1)).toHaveLength(1);
  });

  test.each([
    ["aaaaaaaa", "aaaaaaaa", "00"],
    ["aaaaaaaa", "aaaaaaad", "01"],
    ["adruadru", "adrdddru", "11"],
    ["aDaaaaaa", "adaaaaaa", "00"],
    ["aaa", "aaaaaaad", "00"],
  ])("from %s to %s are marked where something changed: %s", (before, after, marks) => {
    expect([...bins(column(after), 2, column(before)).changed].join("")).toBe(marks);
  });
});

describe("changes", () => {
  test("are counted by the verdicts before and now, and by session", () => {
    const changes = difference("|aaa|du|a", "|ada|ru|a");
    expect(changes).toMatchObject({ calls: 2, sessions: 2 });
    expect(changes?.newly).toEqual({ allowed: 0, denied: 1, drifted: 1, unknown: 0 });
    expect(changes?.formerly).toEqual({ allowed: 1, denied: 1, drifted: 0, unknown: 0 });
    expect([...(changes?.bySession ?? [])]).toEqual([1, 1, 0]);
    expect(changes && changedVerdicts(changes)).toEqual(["denied", "drifted"]);
  });

  test("are none where only the certainty differs", () => {
    expect(difference("|aD", "|ad")?.calls).toBe(0);
  });

  test.each([
    ["another number of calls", "|aa", "|aaa"],
    ["other sessions", "|aa|a", "|a|aa"],
    ["other sessions at the end", "|aaaa|a", "|aaaaa"],
  ])("cannot be told from %s", (_, before, after) => {
    expect(difference(before, after)).toBeNull();
  });

  test("agree with counting one call after another, whatever the length", () => {
    for (let length = 0; length < 40; length++) {
      const letters = (by: number) => Array.from({ length }, (_, at) => "adru"[(at * by) % 4]).join("");
      const [before, after] = [`|${letters(3)}|${letters(1)}`, `|${letters(2)}|${letters(3)}`];
      const plain = [...before].filter((letter, at) => letter !== after[at]).length;
      expect(difference(before, after)?.calls).toBe(plain);
    }
  });

  test.each([
    [-1, 1],
    [1, 4],
    [4, 1],
    [99, 1],
  ])("after position %i go on at %i", (from, expected) => {
    expect(nextChange(column("|aaa|du|a"), column("|ada|dd|a"), from)).toBe(expected);
  });

  test("lead nowhere where there are none", () => {
    expect(nextChange(column("|aa"), column("|aa"), 0)).toBeNull();
  });
});

describe("of a million calls", () => {
  const starts = sessionStarts(million());

  test.each([
    ["nothing changed", () => false, 0],
    ["a few changed", (at: number) => at % 1000 === 0, 1000],
    ["all changed", () => true, 1_000_000],
  ])("a comparison passes once over each column: %s", (_, changed, calls) => {
    const [before, after] = [million(), million(changed)];
    const read = bytesRead([before, after], (before, after) =>
      expect(compare(before, after, starts)?.calls).toBe(calls),
    );
    expect(read).toBe(before.length + after.length);
  });

  test("the bars of the strip take one pass over each column", () => {
    const [before, after] = [million(), million((at) => at === 654_321)];
    const read = bytesRead([after, before], (after, before) =>
      expect([...bins(after, 1300, before).changed].filter(Boolean)).toHaveLength(1),
    );
    expect(read).toBe(before.length + after.length);
  });

  test("where sessions begin takes little more than one pass", () => {
    const read = bytesRead([million()], (column) => expect(sessionStarts(column)).toHaveLength(50_000));
    expect(read).toBeLessThanOrEqual(1.25 * 1_000_000);
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
