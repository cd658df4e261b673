import { describe, expect, test } from "vitest";
import cases from "./cedar-cases.txt?raw";
import histories from "./dogwood-cases.txt?raw";
import { parser } from "./cedar.grammar";
import { colourCedar } from "./languages";

/** A line that begins with `# ` is the title of the case below it. */
const valid = (cases + histories)
  .split(/^# /m)
  .slice(1)
  .map((one) => {
    const [title = "", ...text] = one.split("\n");
    return { title, text: text.join("\n") };
  });

function errors(text: string): number {
  let found = 0;
  parser.parse(text).iterate({ enter: ({ type }) => void (found += type.isError ? 1 : 0) });
  return found;
}

describe("the Cedar grammar", () => {
  test("has cases", () => expect(valid.length).toBeGreaterThanOrEqual(40));

  test.each(valid)("reads $title", ({ text }) => {
    expect(parser.parse(text).toString()).not.toContain("⚠");
  });

  test.each([
    "permit (principal, action, resource)",
    "permit (principal, action resource);",
    "permit (principal, action, resource) when { 1 + };",
    "permit (principal, action, resource) when { if true then 1 };",
    "permit (principal, action, recource == );",
    'permit (principal, action, resource) when { "open };',
    "permit (principal, action, resource) when { principal.if };",
    'permit (principal, action, resource) when temporal { formerly within Action::"a"::response{} };',
    'permit (principal, action, resource) when temporal { formerly within 1h Action::"a"::response };',
    "def temporal x(?w) { true }",
  ])("marks what is wrong in %s", (text) => expect(errors(text)).toBeGreaterThan(0));

  test("binds `!` tighter than `&&`, and `&&` tighter than `||`", () => {
    const tree = parser
      .parse("permit (principal, action, resource) when { !true && false || true };")
      .toString();
    expect(tree).toContain(
      'BinaryExpression(BinaryExpression(UnaryExpression(Not,Boolean(true)),Logic("&&"),Boolean(false)),Logic("||"),Boolean(true))',
    );
  });

  test("keeps every character when it colours a policy", () => {
    for (const { text } of valid)
      expect(
        colourCedar(text)
          .map((piece) => piece.text)
          .join(""),
      ).toBe(text);
  });

  test("colours effects, annotations, types, strings and methods differently", () => {
    const coloured = colourCedar(
      '@id("x") permit (principal in Group::"g", action, resource) when { [1].contains(2) };',
    );
    const of = (text: string) => coloured.find((piece) => piece.text === text)?.classes;
    expect([
      of("@id"),
      of("permit"),
      of("Group"),
      of('"g"'),
      of("contains"),
      of("1"),
      of("principal"),
    ]).toEqual([
      "code-annotation",
      "code-effect",
      "code-type",
      "code-string",
      "code-function",
      "code-number",
      "code-variable",
    ]);
  });
});
