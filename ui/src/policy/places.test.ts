import { expect, test } from "vitest";
import type { FileEntry } from "../api/bindings";
import { reply } from "../host/canned";
import { filesOf, freeName, GROUPS, nameRange, wrongName } from "./places";

const files: readonly FileEntry[] = ["a/new.cedar", "a/new-2.cedar"].map((path) => ({
  path,
  kind: "guardrails",
  errors: 0,
  warnings: 0,
}));

test("every file of a workspace is in one group", () => {
  const all = reply("workspace").files;
  const grouped = GROUPS.flatMap((group) => filesOf(group, all));
  expect(grouped.map((one) => one.path).toSorted()).toEqual(all.map((one) => one.path).toSorted());
});

test("a name that is free is found", () => {
  expect(freeName("a/new.cedar", files)).toBe("a/new-3.cedar");
  expect(freeName("b/new.cedar", files)).toBe("b/new.cedar");
});

test.each([
  ["", /name/],
  ["a//b.cedar", /empty/],
  ["../b.cedar", /hidden/],
  ["a/.b.cedar", /hidden/],
  ["a/run.sh", /ends in/],
  ["a/new.cedar", /already/],
])("%j is no name for a file", (name, why) => expect(wrongName(name, files)).toMatch(why));

test("a good name is not wrong", () => expect(wrongName("scopes/pay/in.cedar", files)).toBeNull());

test.each([
  ["guardrails/new.cedar", "new"],
  ["remit.toml", "remit"],
  ["a/b", "b"],
])("of %s, %s is selected", (path, selected) => expect(path.slice(...nameRange(path))).toBe(selected));
