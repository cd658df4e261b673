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
    ["aaaaaaaa", 2, [4, 0, 0, 0, 4, 0, 0, 0]],
    ["aaaaaaar", 2, [4, 0, 0, 0, 3, 0, 1, 0]],
    ["aaurdaaa", 2, [2, 0, 1, 1, 3, 1, 0, 0]],
    ["aD|Ru", 1, [1, 1, 1, 1]],
    ["adru", 9, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]],
    ["aadaaaaaaa", 3, [2, 1, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]],
    ["", 5, []],
  ])("of %s into %i count each verdict", (calls, most, expected) => {
    expect(bins(column(calls), most).calls).toEqual(Uint32Array.from(expected));
  });

  test("agree with counting one call after another, whatever the length", () => {
    for (let length = 1; length < 60; length++) {
      const letters = Array.from({ length }, (_, at) => "adru"[(at * at) % 4]).join("");
      const { calls, size } = bins(column(letters), 7);
      const sums = [0, 1, 2, 3].map((code) => calls.filter((_, at) => at % 4 === code));
      expect(sums.map((counts) => counts.reduce((sum, n) => sum + n, 0))).toEqual(
        [..."adru"].map((letter) => letters.split(letter).length - 1),
      );
      expect(size).toBe(Math.min(7, length));
    }
  });

  test("never hide the only denied call of a million", () => {
    const many = new Uint8Array(1_000_000);
    many[654_321] = 1;
    expect(bins(many, 1300).calls.filter((calls, at) => at % 4 === 1 && calls === 1)).toHaveLength(1);
  });

  test.each([
    ["aaaaaaaa", "aaaaaaaa", [0, 0]],
    ["aaaaaaaa", "aaaaaaad", [0, 1]],
    ["adruadru", "adrdddru", [1, 1]],
    ["aaaaaaaa", "aaaarrrr", [0, 4]],
    ["aDaaaaaa", "adaaaaaa", [0, 0]],
    ["aaa", "aaaaaaad", [0, 0]],
  ])("from %s to %s count what changed: %s", (before, after, changed) => {
    expect(bins(column(after), 2, column(before)).changed).toEqual(Uint32Array.from(changed));
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
      expect(bins(after, 1300, before).changed.filter(Boolean)).toHaveLength(1),
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
