// What to change in one text to get another, so that cursor and undo history survive.

export interface Difference {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** The one piece between the common beginning and the common end. */
export function difference(before: string, after: string): Difference {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from++;
  let tail = 0;
  while (tail < most - from && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}
