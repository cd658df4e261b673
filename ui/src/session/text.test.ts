import { expect, test } from "vitest";
import { clip, SHORT_LINES } from "./text";

test.each([
  ["a short text", "one\ntwo", "one\ntwo", false],
  ["an empty text", "", "", false],
  ["a last line break", "one\n", "one\n", false],
  ["many lines", "x\n".repeat(20), Array(SHORT_LINES).fill("x").join("\n"), true],
])("%s", (_, text, shown, cut) => expect(clip(text)).toEqual({ text: shown, cut }));

test("one very long line is cut too", () => {
  expect(clip("x".repeat(5000)).text.length).toBeLessThan(1000);
});
