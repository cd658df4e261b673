// Which class each kind of token gets; `styles/code.css` gives the classes their colours.

import { tagHighlighter, tags as t } from "@lezer/highlight";

export const colours = tagHighlighter([
  { tag: t.definitionKeyword, class: "code-effect" },
  { tag: [t.keyword, t.controlKeyword, t.operatorKeyword, t.modifier], class: "code-keyword" },
  { tag: [t.standard(t.variableName), t.special(t.variableName)], class: "code-variable" },
  { tag: [t.function(t.variableName), t.function(t.propertyName)], class: "code-function" },
  { tag: [t.typeName, t.className, t.namespace, t.standard(t.typeName)], class: "code-type" },
  { tag: t.string, class: "code-string" },
  { tag: [t.number, t.bool, t.atom, t.null, t.literal], class: "code-number" },
  { tag: t.comment, class: "code-comment" },
  { tag: [t.annotation, t.meta, t.heading], class: "code-annotation" },
  { tag: [t.operator, t.punctuation, t.separator, t.paren, t.bracket], class: "code-operator" },
  { tag: t.invalid, class: "code-invalid" },
]);
