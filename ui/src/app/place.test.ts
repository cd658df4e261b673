import { expect, test } from "vitest";
import { NOWHERE, parse, write, type Where } from "./place.svelte";

const places: readonly Partial<Where>[] = [
  {},
  { session: 0, step: 12 },
  { text: "refund & more", verdict: "drifted", severity: "unverified-value" },
  { tab: "files", area: "editor", file: "guardrails/a b.cedar" },
];

test.each(places)("%o survives a reload", (place) => {
  const where = { ...NOWHERE, ...place };
  expect(parse(write(where))).toEqual(where);
});

test("nowhere is an empty address", () => expect(write(NOWHERE)).toBe(""));

test("what cannot be read is as it is nowhere", () => {
  expect(parse("session=-1&step=x&verdict=fine&tab=%3Cscript%3E&area=moon")).toEqual(NOWHERE);
});
