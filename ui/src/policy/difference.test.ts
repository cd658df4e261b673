import { expect, test } from "vitest";
import { difference } from "./difference";

test.each([
  ["", "abc"],
  ["abc", ""],
  ["abc", "abc"],
  ["aXc", "aYYc"],
  ["aaaa", "aa"],
  ["when { a }", "when { b }"],
])("%j becomes %j", (before, after) => {
  const { from, to, insert } = difference(before, after);
  expect(before.slice(0, from) + insert + before.slice(to)).toBe(after);
});

test("what both share is left alone", () => {
  expect(difference("permit (a);", "permit (b);")).toEqual({ from: 8, to: 9, insert: "b" });
});
