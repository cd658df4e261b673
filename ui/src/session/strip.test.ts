import { expect, test } from "vitest";
import { parseStrip } from "../verdict/verdict";
import { binned, callAt, stripPaths } from "./strip";

test("each verdict has a path of its own, with one shape a call", () => {
  const { paths } = stripPaths(parseStrip("adrua"), 400);
  expect(paths.denied).toMatch(/^M[^M]*Z$/);
  expect(paths.drifted).toMatch(/^M[^M]*Z$/);
  expect(paths.allowed.match(/M/g)).toHaveLength(2);
});

test("the four shapes differ, so that colour is not needed", () => {
  const drawn = ["a", "d", "r", "u"].map((letter) =>
    Object.values(stripPaths(parseStrip(letter), 100).paths).join(""),
  );
  expect(new Set(drawn).size).toBe(4);
  const bars = ["a", "d", "r", "u"].map((letter) =>
    Object.values(stripPaths(parseStrip(letter.repeat(60)), 200).paths).join(""),
  );
  expect(new Set(bars).size).toBe(4);
});

test("no more marks than there is room for, and the worst verdict wins", () => {
  const calls = parseStrip("a".repeat(5000) + "d" + "a".repeat(4999));
  expect(binned(calls, 100).filter((verdict) => verdict === "denied")).toHaveLength(1);
  expect(Object.values(stripPaths(calls, 300).paths).join("").match(/M/g)?.length).toBeLessThanOrEqual(150);
});

test.each([
  ["the first", 0, 0],
  ["one in the middle", 25, 2],
  ["beyond the last", 399, 4],
])("a click on %s finds its call", (_, x, call) => {
  expect(callAt(x, stripPaths(parseStrip("adrua"), 400).cell, 5, 400)).toBe(call);
});

test("a click finds a call among more calls than pixels", () => {
  const { cell } = stripPaths(parseStrip("a".repeat(1000)), 100);
  expect(callAt(99, cell, 1000, 100)).toBe(980);
});

test("an unknown letter is unknown, and never allowed", () => {
  expect(parseStrip("x")).toEqual(["unknown"]);
});
