// Columns of verdicts for tests, and how often they are read.

import { vi } from "vitest";

const CALLS = 1_000_000;
const CALLS_IN_SESSION = 20;

/** One letter a call; a bar begins a session; a capital is an uncertain one. */
export function column(text: string): Uint8Array {
  const bytes: number[] = [];
  let first = 0;
  for (const letter of text) {
    if (letter === "|") {
      first = 128;
      continue;
    }
    const code = "adru".indexOf(letter.toLowerCase());
    bytes.push(code | first | (letter === letter.toUpperCase() ? 64 : 0));
    first = 0;
  }
  return Uint8Array.from(bytes);
}

/** A million calls in 50,000 sessions; where `changed` says so, denied instead of allowed. */
export function million(changed: (at: number) => boolean = () => false): Uint8Array {
  const calls = new Uint8Array(CALLS);
  for (let at = 0; at < CALLS; at++) {
    calls[at] = (at % CALLS_IN_SESSION === 0 ? 128 : 0) | (changed(at) ? 1 : 0);
  }
  return calls;
}

/** How many bytes `work` reads of the columns that it is given, one by one or four at once. */
export function bytesRead(columns: readonly Uint8Array[], work: (...counted: Uint8Array[]) => void): number {
  let bytes = 0;
  const counted = <A extends object>(array: A, width: number): A =>
    new Proxy(array, {
      get(target, name) {
        if (typeof name === "string" && /^\d/.test(name)) bytes += width;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const words = new Proxy(Int32Array, {
    construct(made, given: unknown[]) {
      const array: Int32Array = Reflect.construct(made, given);
      return typeof given[0] === "number" ? array : counted(array, 4);
    },
  });
  vi.stubGlobal("Int32Array", words);
  try {
    work(...columns.map((one) => counted(one, 1)));
  } finally {
    vi.unstubAllGlobals();
  }
  return bytes;
}
