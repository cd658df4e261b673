// Which language a file is in, for the editor and for text that is only shown.
//
// Not here: what is valid. The host says that.

import { json } from "@codemirror/lang-json";
import {
  continuedIndent,
  delimitedIndent,
  foldInside,
  foldNodeProp,
  indentNodeProp,
  LanguageSupport,
  LRLanguage,
  StreamLanguage,
} from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import type { Extension } from "@codemirror/state";
import { highlightCode, styleTags, tags as t } from "@lezer/highlight";
import { parser } from "./cedar.grammar";
import { colours } from "./colours";
import { cedarSchema } from "./schema";

const cedarParser = parser.configure({
  props: [
    styleTags({
      "permit forbid def": t.definitionKeyword,
      "when unless if then else temporal guardrails cedar": t.controlKeyword,
      "in is like has formerly previous since within exists count sum for where": t.operatorKeyword,
      "true false": t.bool,
      "Variable/...": t.standard(t.variableName),
      "Slot Binder Bound": t.special(t.variableName),
      "MacroName EventKind": t.function(t.variableName),
      AnnotationName: t.annotation,
      TypeName: t.typeName,
      "FunctionName/TypeName": t.function(t.variableName),
      MethodName: t.function(t.propertyName),
      Property: t.propertyName,
      String: t.string,
      "Number Duration": t.number,
      Comment: t.lineComment,
      "Equal Compare": t.compareOperator,
      "Plus Minus Times": t.arithmeticOperator,
      'Not Logic/"&&" Logic/"||"': t.logicOperator,
      "( ) [ ] { }": t.paren,
      '"." "," ":" ";" "::"': t.separator,
    }),
    indentNodeProp.add({
      Policy: continuedIndent({ except: /^(when|unless|\(|\)|;|permit|forbid)/ }),
      Event: delimitedIndent({ closing: "}", align: false }),
      "Scope ArgumentList": delimitedIndent({ closing: ")", align: false }),
      Block: delimitedIndent({ closing: "}", align: false }),
      Record: delimitedIndent({ closing: "}", align: false }),
      Set: delimitedIndent({ closing: "]", align: false }),
    }),
    foldNodeProp.add({ "Scope Block Record Set": foldInside }),
  ],
});

const cedar = LRLanguage.define({
  name: "cedar",
  parser: cedarParser,
  languageData: { commentTokens: { line: "//" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
});

export function languageOf(path: string): Extension {
  if (/\.(cedar|dw)$/.test(path)) return new LanguageSupport(cedar);
  if (path.endsWith(".cedarschema")) return cedarSchema;
  if (path.endsWith(".json")) return json();
  return path.endsWith(".toml") ? StreamLanguage.define(toml) : [];
}

/** A piece of Cedar text and the classes that colour it. */
export interface Piece {
  readonly text: string;
  readonly classes: string;
}

/** Colours a policy that is shown and not edited. */
export function colourCedar(text: string): Piece[] {
  const pieces: Piece[] = [];
  highlightCode(
    text,
    cedarParser.parse(text),
    colours,
    (piece, classes) => pieces.push({ text: piece, classes }),
    () => pieces.push({ text: "\n", classes: "" }),
  );
  return pieces;
}
