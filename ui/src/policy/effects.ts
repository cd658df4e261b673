// Beside each policy and condition: how many recorded calls it matches and decides, and how many of that an
// edit changed. The host counts; the marks move with the text until it has counted again.

import { RangeSet, StateEffect, StateField, type Extension, type Range, type Text } from "@codemirror/state";
import { EditorView, gutter, GutterMarker } from "@codemirror/view";
import type { ConditionEffect, PolicyEffect } from "../api/bindings";
import { count, number } from "../format";

/** What stands beside a line. */
export interface Effect {
  readonly from: number;
  readonly kind: "policy" | "condition";
  readonly matched: number;
  /** For a policy, the calls that it decides. */
  readonly decided: number | null;
  /** Against what is saved. */
  readonly changed: number;
  /** The whole of it, in words. */
  readonly words: string;
}

export const setEffects = StateEffect.define<readonly Effect[]>();

/** The marks of a file's policies. */
export const effectsOf = (policies: readonly PolicyEffect[]): Effect[] =>
  policies.flatMap((policy) => [ofPolicy(policy), ...policy.conditions.map(ofCondition)]);

function ofPolicy({ from, matched, decided, changed }: PolicyEffect): Effect {
  const words = [
    `matches ${count(matched, "recorded call")}`,
    `decides ${number(decided)}`,
    ...(changed > 0 ? [`${number(changed)} changed since it was saved`] : []),
  ].join(", ");
  return { from, kind: "policy", matched, decided, changed, words };
}

function ofCondition({ from, matched, keepsOut, changed }: ConditionEffect): Effect {
  const words = [
    `${count(matched, "recorded call")} fit the head and this condition`,
    `it alone keeps out ${number(keepsOut)}`,
    ...(changed ? [`${number(changed)} changed since it was saved`] : []),
  ].join(", ");
  return { from, kind: "condition", matched, decided: null, changed: changed ?? 0, words };
}

class Mark extends GutterMarker {
  constructor(readonly effect: Effect) {
    super();
  }

  override eq(other: Mark): boolean {
    return this.effect.kind === other.effect.kind && this.effect.words === other.effect.words;
  }

  override toDOM(): Node {
    const { kind, matched, decided, changed, words } = this.effect;
    const box = document.createElement("span");
    box.className = `cm-effect ${kind}${matched === 0 ? " idle" : ""}`;
    box.title = words;
    box.dataset.testid = "effect";
    box.dataset.matched = String(matched);
    if (changed > 0) box.append(part("b", `±${number(changed)}`));
    if (decided !== null && decided !== matched) box.append(part("i", `${number(decided)} of`));
    box.append(number(matched));
    return box;
  }
}

function part(tag: "b" | "i", text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

const marks = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(shown, transaction) {
    const set = transaction.effects.find((effect) => effect.is(setEffects));
    if (set) return ranges(set.value as readonly Effect[], transaction.newDoc);
    return shown.map(transaction.changes);
  },
});

function ranges(effects: readonly Effect[], doc: Text): RangeSet<GutterMarker> {
  const inside = effects.filter(({ from }) => from <= doc.length);
  const placed = inside.map((effect): Range<GutterMarker> =>
    new Mark(effect).range(doc.lineAt(effect.from).from),
  );
  return RangeSet.of(placed, true);
}

export const effectGutter: Extension = [
  marks,
  gutter({
    class: "cm-effects",
    markers: (view: EditorView) => view.state.field(marks),
    initialSpacer: () =>
      new Mark({ from: 0, kind: "policy", matched: 8888, decided: null, changed: 0, words: "" }),
  }),
];
