import { expect, test } from "vitest";
import { baseName, count, instant, percent, timeOfDay } from "./format";

test.each([
  [1, "1 tool call"],
  [0, "0 tool calls"],
  [1204, "1,204 tool calls"],
])("%i is counted as %s", (value, words) => expect(count(value, "tool call")).toBe(words));

test.each([
  [1, 3, "33.3%"],
  [3, 3, "100%"],
  [99_999, 100_000, "99.9%"],
  [0, 0, "100%"],
])("%i of %i is %s", (part, all, words) => expect(percent(part, all)).toBe(words));

test.each([
  ["2026-03-04T09:17:05Z", "09:17:05"],
  ["2026-03-04T09:17:05+02:00", "07:17:05"],
  [null, ""],
  ["yesterday", ""],
])("the time of %s is %s", (at, time) => {
  expect(timeOfDay(at)).toBe(time);
  expect(instant(at).includes(time)).toBe(true);
});

test.each([
  ["sessions/a.jsonl", "a.jsonl"],
  ["C:\\runs\\b.json", "b.json"],
  ["plain", "plain"],
])("the name of %s is %s", (path, name) => expect(baseName(path)).toBe(name));
