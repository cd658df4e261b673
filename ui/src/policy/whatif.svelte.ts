// What if a window or a limit were another: edits of unsaved text, one literal at a time.
//
// Promises: nothing is saved; what was moved can be put back, also when its policy no longer decides the
// call that is looked at. Text that was edited otherwise meanwhile is left alone. Not here: verdicts.

import { alternatives, literals, type Literal } from "./literals";
import type { Documents } from "./documents.svelte";

/** A policy as it is shown. */
export interface Shown {
  readonly id: string;
  readonly file: string;
  readonly text: string;
}

/** A literal that was moved, by its place among those of its file. */
interface Moved {
  readonly policy: string;
  readonly file: string;
  readonly ordinal: number;
  readonly saved: string;
  readonly now: string;
}

/** A literal with what it could be. */
export interface Knob {
  readonly key: string;
  readonly policy: string;
  readonly file: string;
  readonly literal: Literal;
  /** What it was before it was moved. */
  readonly saved: string;
  readonly values: readonly string[];
}

export class WhatIf {
  #moved = $state.raw<readonly Moved[]>([]);

  constructor(readonly documents: Documents) {}

  /** The literals of the policies in view, and those that were moved before. */
  knobs(shown: readonly Shown[]): Knob[] {
    const there = this.#moved.flatMap((moved) => this.#knobOf(moved) ?? []);
    const known = new Set(there.map((knob) => knob.key));
    const new_ = shown.flatMap((policy) => this.#knobsIn(policy)).filter((knob) => !known.has(knob.key));
    return [...there, ...new_].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Puts another value in the place of a literal, in the draft of its file. */
  async set(knob: Knob, value: string): Promise<void> {
    const document = await this.documents.hold(knob.file);
    if (!document) return;
    const ordinal = ordinalOf(knob.key);
    const literal = literals(document.text)[ordinal];
    if (literal?.text !== knob.literal.text) return;
    const others = this.#moved.filter((one) => keyOf(one.file, one.ordinal) !== knob.key);
    const moved = { policy: knob.policy, file: knob.file, ordinal, saved: knob.saved, now: value };
    this.#moved = value === knob.saved ? others : [...others, moved];
    document.replace(document.text.slice(0, literal.from) + value + document.text.slice(literal.to));
  }

  clear(): void {
    this.#moved = [];
  }

  /** Nothing if its text was edited otherwise since. */
  #knobOf({ policy, file, ordinal, saved, now }: Moved): Knob | null {
    const document = this.documents.find(file);
    const literal = document?.dirty ? literals(document.text)[ordinal] : undefined;
    if (literal?.text !== now) return null;
    return knob(policy, file, ordinal, literal, saved);
  }

  #knobsIn({ id, file, text }: Shown): Knob[] {
    const whole = this.documents.find(file)?.text ?? null;
    const at = whole?.indexOf(text) ?? -1;
    if (whole === null || at === -1) return [];
    return literals(whole).flatMap((literal, ordinal) =>
      literal.from >= at && literal.to <= at + text.length ? [knob(id, file, ordinal, literal)] : [],
    );
  }
}

const keyOf = (file: string, ordinal: number): string => `${file} ${String(ordinal).padStart(6, "0")}`;
const ordinalOf = (key: string): number => Number(key.slice(key.lastIndexOf(" ") + 1));

function knob(policy: string, file: string, ordinal: number, literal: Literal, saved = literal.text): Knob {
  const values = alternatives({ kind: literal.kind, text: saved });
  const with_ = values.includes(literal.text) ? values : alternatives(literal);
  return { key: keyOf(file, ordinal), policy, file, literal, saved, values: with_ };
}
