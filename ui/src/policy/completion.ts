// Completion and hover: what the host knows of a place, in the editor's form. Nothing is known here.

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  pickedCompletion,
  snippet,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { Prec, StateEffect, StateField, type Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, showTooltip, type Tooltip } from "@codemirror/view";
import type { CompletionItem, CompletionKind, HoverView } from "../api/bindings";
import { count } from "../format";

/** What the host is asked; `at` counts as the editor does. */
export interface Knowledge {
  complete(at: number): Promise<readonly CompletionItem[]>;
  hover(at: number): Promise<HoverView | null>;
}

const LEAST_BOOST = -99;
/** Which of the editor's icons stands for a kind. */
const ICONS: Readonly<Record<CompletionKind, string>> = {
  keyword: "keyword",
  snippet: "text",
  annotation: "keyword",
  variable: "variable",
  attribute: "property",
  method: "method",
  function: "function",
  operator: "keyword",
  entityType: "class",
  entity: "constant",
  action: "enum",
  value: "constant",
};

export function knowing(knowledge: Knowledge): Extension {
  return [
    autocompletion({
      override: [(context) => offers(context, knowledge)],
      activateOnTypingDelay: 40,
      icons: true,
      aboveCursor: false,
      defaultKeymap: false,
    }),
    closeBrackets(),
    keymap.of(closeBracketsKeymap),
    Prec.highest(keymap.of(completionKeymap)),
    hoverTooltip(async (_, at) => tooltip(await knowledge.hover(at)), { hoverTime: 350 }),
    asked,
    keymap.of([{ key: "Mod-i", run: (view) => ask(view, knowledge) }]),
  ];
}

/** Offers after a word, a dot, a colon or a quote by themselves, elsewhere when they are asked for. */
const OFFERED = /[\w.:"@]$/;

async function offers(context: CompletionContext, knowledge: Knowledge): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 1), context.pos);
  if (!context.explicit && !OFFERED.test(before)) return null;
  const items = await knowledge.complete(context.pos).catch(() => []);
  if (context.aborted || items.length === 0) return null;
  const from = Math.min(...items.map((item) => item.from));
  return { from, options: items.map((item) => option(item, from, context)), filter: true };
}

/** What was typed is matched with the text that is put in, and not only with its name in the list. */
function option(item: CompletionItem, from: number, context: CompletionContext): Completion {
  const kept = context.state.sliceDoc(from, item.from);
  const after = item.to - context.pos;
  return {
    label: kept + plain(item),
    displayLabel: item.label,
    type: ICONS[item.kind],
    boost: Math.max(LEAST_BOOST, -item.rank),
    ...(item.detail === null ? {} : { detail: item.detail }),
    ...(item.documentation === null ? {} : { info: () => paragraphs([item.documentation ?? ""]) }),
    apply: (view, completion, _, to) =>
      put(view, completion, item, Math.min(to + after, view.state.doc.length)),
  };
}

/** Puts the text in place of what was typed meanwhile. */
function put(view: EditorView, completion: Completion, item: CompletionItem, to: number): void {
  if (item.isSnippet) {
    snippet(item.insert)(view, completion, item.from, to);
    return;
  }
  view.dispatch({
    changes: { from: item.from, to, insert: item.insert },
    selection: { anchor: item.from + item.insert.length },
    annotations: pickedCompletion.of(completion),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}

const plain = ({ insert, isSnippet }: CompletionItem): string =>
  isSnippet ? insert.replaceAll(/\$\{(?:\d+:?)?([^}]*)\}/g, "$1").replaceAll("\\}", "}") : insert;

const setAsked = StateEffect.define<Tooltip | null>();

/** What is known where the cursor is, for who asked by a key; anything else that happens hides it. */
const asked = StateField.define<Tooltip | null>({
  create: () => null,
  update(shown, transaction) {
    const set = transaction.effects.find((effect) => effect.is(setAsked));
    if (set) return set.value as Tooltip | null;
    return transaction.docChanged || transaction.selection ? null : shown;
  },
  provide: (field) => showTooltip.from(field),
});

function ask(view: EditorView, knowledge: Knowledge): boolean {
  const { doc, selection } = view.state;
  void knowledge.hover(selection.main.head).then((known) => {
    if (view.state.doc === doc) view.dispatch({ effects: setAsked.of(tooltip(known)) });
  });
  return true;
}

function tooltip(known: HoverView | null): Tooltip | null {
  if (!known) return null;
  return { pos: known.from, end: known.to, above: true, create: () => ({ dom: card(known) }) };
}

function card({ code, text, recorded, values }: HoverView): HTMLElement {
  const box = paragraphs(text);
  box.className = "cm-known";
  box.setAttribute("role", "status");
  box.dataset.testid = "hover";
  const head = document.createElement("code");
  head.textContent = code;
  box.prepend(head);
  if (recorded !== null) box.append(paragraph(recorded));
  if (values.length > 0) {
    const list = document.createElement("ul");
    for (const value of values) {
      const item = document.createElement("li");
      const shown = document.createElement("code");
      shown.textContent = value.text;
      item.append(shown, ` ${count(value.calls, "call")}`);
      list.append(item);
    }
    box.append(list);
  }
  return box;
}

function paragraphs(text: readonly string[]): HTMLElement {
  const box = document.createElement("div");
  box.append(...text.map(paragraph));
  return box;
}

function paragraph(text: string): HTMLElement {
  const p = document.createElement("p");
  p.textContent = text.replaceAll("`", "");
  return p;
}
