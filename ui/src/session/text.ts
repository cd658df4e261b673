// How much of a text is shown before "show all".

export const SHORT_LINES = 8;
const SHORT_CHARACTERS = 900;

export interface Clipped {
  readonly text: string;
  /** Whether something was left out here. */
  readonly cut: boolean;
}

/** The first lines of a text; never half a line unless one line is all there is. */
export function clip(text: string, lines = SHORT_LINES): Clipped {
  const all = text.split("\n");
  const short = all.slice(0, lines).join("\n");
  const shown = short.length > SHORT_CHARACTERS ? short.slice(0, SHORT_CHARACTERS).trimEnd() : short;
  return { text: shown, cut: shown.length < text.trimEnd().length };
}
