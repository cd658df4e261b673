import { expect, test } from "vitest";

const sources = import.meta.glob<string>(["../**/*.ts", "../**/*.svelte", "!../**/*.test.ts", "!./**"], {
  eager: true,
  query: "?raw",
  import: "default",
});

/** Who may be imported by whom, beside their own folder, `format` and `strings`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  app: ["session", "policy", "schema", "entities", "replay", "learn", "review", "verdict", "widgets", "api"],
  session: ["verdict", "widgets", "api"],
  policy: ["verdict", "widgets", "api"],
  schema: ["policy", "widgets", "api"],
  entities: ["policy", "widgets", "api"],
  replay: ["verdict", "widgets", "api"],
  learn: ["verdict", "widgets", "api"],
  review: ["verdict", "widgets", "api"],
  verdict: ["widgets", "api"],
  widgets: ["api"],
  api: ["host"],
  host: ["api"],
};

function folders(path: string): { from: string; to: string[] } {
  const from = path.split("/")[1] ?? "";
  const imports = [...(sources[path] ?? "").matchAll(/from "(\.\.\/[^"]+)"/g)];
  return { from, to: imports.map(([, target = ""]) => target.split("/")[1] ?? "") };
}

test.each(Object.keys(sources).filter((path) => path.split("/").length > 2))(
  "%s imports only what lies below it",
  (path) => {
    const { from, to } = folders(path);
    for (const folder of to) expect([...(ALLOWED[from] ?? []), from, "format", "strings"]).toContain(folder);
  },
);

test("text from recordings is never made into markup", () => {
  for (const [path, text] of Object.entries(sources))
    expect(text, path).not.toMatch(/\{@html|innerHTML|outerHTML/);
});

test("the canned host is never in a shipped build", () => {
  for (const [path, text] of Object.entries(sources)) {
    if (/\.\.\/(host|main)/.test(path)) continue;
    expect(text, path).not.toMatch(/host\/(canned|demo|large)/);
  }
});
