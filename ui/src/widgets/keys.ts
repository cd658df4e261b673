// How a key binding is written for people.

const LABELS: Readonly<Record<string, string>> = {
  Escape: "Esc",
  Equal: "+",
  Minus: "−",
  BracketLeft: "[",
  BracketRight: "]",
  "(\\?)": "?",
};

export const isMac = (): boolean => /Mac/.test(navigator.platform);

/** "$mod+KeyK" is "Ctrl", "K" (or "⌘", "K"). */
export function keyLabels(keys: string): string[] {
  return keys.split("+").map((key) => {
    if (key === "$mod") return isMac() ? "⌘" : "Ctrl";
    return (
      LABELS[key] ?? key.replace(/^(Key|Digit)/, "").replace(/^[a-z]$/, (letter) => letter.toUpperCase())
    );
  });
}
