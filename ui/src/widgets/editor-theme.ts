// How the editor looks: the app's tokens, so that light and dark come from one list.

import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

const panel = { backgroundColor: "var(--surface-2)", color: "var(--text)" };

export const editorTheme: Extension = EditorView.theme({
  "&": {
    height: "100%",
    fontSize: "var(--text-m)",
    backgroundColor: "var(--surface-1)",
    color: "var(--text)",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "var(--leading)" },
  ".cm-content": { caretColor: "var(--text)", paddingBlock: "var(--space-2)" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--surface-1)", color: "var(--text-3)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--surface-3) 45%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent) !important",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--verdict-drifted) 22%, transparent)" },
  ".cm-matchingBracket": {
    outline: "1px solid var(--line-control)",
    backgroundColor: "transparent !important",
  },
  ".cm-foldPlaceholder": { ...panel, border: "1px solid var(--line-strong)" },
  ".cm-panels": panel,
  ".cm-panels button, .cm-panels input": {
    border: "1px solid var(--line-control)",
    borderRadius: "var(--radius-1)",
    background: "var(--surface-1)",
    color: "var(--text)",
  },
  ".cm-tooltip": {
    ...panel,
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-2)",
    boxShadow: "var(--shadow)",
    maxWidth: "32rem",
  },
  ".cm-diagnostic": { padding: "var(--space-2) var(--space-3)", fontFamily: "var(--font)" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--danger-fg)" },
  ".cm-diagnostic-warning": { borderLeft: "3px solid var(--warning-fg)" },
  ".cm-diagnostic-info": { borderLeft: "3px solid var(--accent)" },
  ".cm-lintRange-error": underline("var(--danger-fg)"),
  ".cm-lintRange-warning": underline("var(--warning-fg)"),
  ".cm-lintRange-info": underline("var(--accent)"),
  ".cm-lintRange-active": { backgroundColor: "var(--warning-bg)" },
  ".cm-lint-marker": { width: "0.75rem", height: "0.75rem" },
  ".cm-diagnosticAction": {
    margin: "var(--space-2) var(--space-2) 0 0",
    padding: "2px var(--space-2)",
    border: "1px solid var(--line-control)",
    borderRadius: "var(--radius-1)",
    background: "var(--surface-1)",
    color: "var(--text)",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "14rem" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "2px var(--space-2)", lineHeight: "1.25rem" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    background: "var(--accent-fill)",
    color: "var(--accent-text)",
  },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.75", fontFamily: "var(--font)" },
  ".cm-completionInfo": { padding: "var(--space-2) var(--space-3)", fontFamily: "var(--font)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-snippetField": { backgroundColor: "color-mix(in srgb, var(--accent) 18%, transparent)" },
  ".cm-known": {
    display: "grid",
    gap: "var(--space-1)",
    padding: "var(--space-2) var(--space-3)",
    fontFamily: "var(--font)",
  },
  ".cm-known > code": { fontWeight: "600" },
  ".cm-effects": { minWidth: "3.5rem", paddingInline: "var(--space-1)" },
  ".cm-effect": {
    display: "flex",
    justifyContent: "flex-end",
    gap: "var(--space-1)",
    color: "var(--text-2)",
    fontFamily: "var(--font)",
    fontSize: "var(--text-s)",
    fontVariantNumeric: "tabular-nums",
  },
  ".cm-effect.idle": { color: "var(--text-3)" },
  ".cm-effect b": { color: "var(--warning-fg)" },
  ".cm-collapsedLines": { ...panel, color: "var(--text-2)", background: "var(--surface-2)" },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"…" !important' },
  ".cm-changedText": {
    background: "none !important",
    borderBottom: "2px solid var(--verdict-drifted)",
  },
  ".cm-changedLine": { backgroundColor: "var(--warning-bg) !important" },
});

function underline(colour: string): Record<string, string> {
  return { backgroundImage: "none", textDecoration: `underline wavy ${colour}`, textUnderlineOffset: "3px" };
}
