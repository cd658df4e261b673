import { describe, expect, test } from "vitest";
import { alternatives, literals } from "./literals";

const found = (text: string) => literals(text).map((one) => `${one.kind} ${one.text}`);

describe("literals", () => {
  test.each([
    [
      "windows of conditions and of macros",
      "formerly within 30m P{} && count_within(1h, P{}) > 4",
      ["window 30m", "window 1h", "limit 4"],
    ],
    [
      "limits on either side of an operator's kind",
      "a <= 500000 || b == -3 || c != 7",
      ["limit 500000", "limit -3", "limit 7"],
    ],
    ["decimals of Cedar", 'x.greaterThan(decimal("1000.00")) && y == "decimal"', ["limit 1000.00"]],
    ["nothing in strings and comments", 'a == "within 1h > 4" // within 2h > 5\n&& b < 6', ["limit 6"]],
    ["nothing in an escaped quote's string", String.raw`a == "\" > 4" && b < 6`, ["limit 6"]],
    ["no parts of names and versions", "Action::x1h == y && z.5h && a2 > b3 && v < 1.5", []],
  ])("are %s", (_, text, expected) => expect(found(text)).toEqual(expected));

  test("stand where they say", () => {
    const text = "forbid (principal, action, resource)\nwhen { context.input.amount > 500 };";
    const [one] = literals(text);
    expect(text.slice(one?.from, one?.to)).toBe("500");
    expect(one?.line).toBe("when { context.input.amount > 500 };");
  });
});

describe("alternatives", () => {
  test("to a window are in order of time, with the one that is there in its own words", () => {
    expect(alternatives({ kind: "window", text: "60m" })).toEqual(
      "10s 30s 1m 2m 5m 10m 15m 30m 60m 2h 4h 8h 12h 24h 2d 7d 30d".split(" "),
    );
    expect(alternatives({ kind: "window", text: "45m" })).toContain("45m");
  });

  test("to a small limit are one by one, to a large one in shares of it", () => {
    expect(alternatives({ kind: "limit", text: "4" }).slice(0, 6)).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(alternatives({ kind: "limit", text: "500000" })).toEqual(
      [
        0, 50_000, 125_000, 250_000, 375_000, 450_000, 500_000, 550_000, 625_000, 750_000, 1_000_000,
        2_500_000, 5_000_000,
      ].map(String),
    );
  });

  test("to a decimal keep its places", () => {
    expect(alternatives({ kind: "limit", text: "2.50" }).slice(0, 3)).toEqual(["0.00", "0.25", "0.63"]);
  });

  test.each(["-30", "-3", "0", "20", "21"])("to %s hold it and go up", (text) => {
    const values = alternatives({ kind: "limit", text }).map(Number);
    expect(values).toContain(Number(text));
    expect(values).toEqual(values.toSorted((a, b) => a - b));
  });
});
