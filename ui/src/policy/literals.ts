// The windows and limits that a policy's text holds, and what else each could be.
//
// A window is how far back a condition over history looks (`within 1h`); a limit is a number that
// something is compared with. Not here: what a change of them means; the host judges that.

export interface Literal {
  readonly kind: "window" | "limit";
  /** Where it stands in the text. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** The line that it stands in, for people. */
  readonly line: string;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
/** What people set windows to. */
const WINDOWS = "10s 30s 1m 2m 5m 10m 15m 30m 1h 2h 4h 8h 12h 24h 2d 7d 30d".split(" ");
/** Limits up to here are tried one by one; larger ones in shares of themselves. */
const SMALL = 20;
const SHARES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 5, 10];

/** Strings and comments first, so that nothing in them is taken for a literal. */
const TOKEN =
  /decimal\("(?<decimal>-?\d+\.\d+)"\)|"(?:\\.|[^"\\])*"|\/\/[^\n]*|(?<![\w.])(?<window>\d+[smhd])(?!\w)|(?:<=|>=|==|!=|<|>)\s*(?<limit>-?\d+)(?![\w.])/g;

export function literals(text: string): Literal[] {
  return [...text.matchAll(TOKEN)].flatMap((match) => {
    const { window, limit, decimal } = match.groups ?? {};
    const found = window ?? limit ?? decimal;
    if (found === undefined) return [];
    const from = match.index + match[0].lastIndexOf(found);
    const to = from + found.length;
    return [{ kind: window ? "window" : "limit", from, to, text: found, line: lineAt(text, from) } as const];
  });
}

/** Values to try instead, in order; what is there now is among them. */
export function alternatives({ kind, text }: Pick<Literal, "kind" | "text">): string[] {
  if (kind === "window") {
    const all = WINDOWS.some((one) => seconds(one) === seconds(text))
      ? WINDOWS.map((one) => (seconds(one) === seconds(text) ? text : one))
      : [...WINDOWS, text];
    return all.toSorted((a, b) => seconds(a) - seconds(b));
  }
  const now = Number(text);
  const places = text.split(".")[1]?.length ?? 0;
  const values =
    places === 0 && Math.abs(now) <= SMALL
      ? Array.from({ length: 2 * SMALL - Math.min(now, 0) + 1 }, (_, at) => at + Math.min(now, 0))
      : SHARES.map((share) => now * share);
  const sorted = [...values, now].toSorted((a, b) => a - b);
  return [...new Set(sorted.map((value) => value.toFixed(places)))];
}

export const seconds = (window: string): number =>
  Number(window.slice(0, -1)) * (SECONDS[window.slice(-1)] ?? Number.NaN);

function lineAt(text: string, at: number): string {
  const end = text.indexOf("\n", at);
  return text.slice(text.lastIndexOf("\n", at) + 1, end === -1 ? undefined : end).trim();
}
