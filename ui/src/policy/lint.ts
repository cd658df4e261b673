// Turns the host's findings into the editor's marks. What is wrong is said by the host alone.

import { linter, lintGutter, type Diagnostic } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";
import type { Finding, QuickFixView, Severity } from "../api/bindings";

/** How long the person must pause before the draft is checked. */
const PAUSE_MS = 150;

const SEVERITY: Readonly<Record<Severity, Diagnostic["severity"]>> = {
  error: "error",
  warning: "warning",
  advice: "info",
};

/** What `check` finds in a text, and what mends it. */
export interface Checked {
  readonly findings: readonly Finding[];
  readonly fixes: readonly QuickFixView[];
}

/** Marks what `check` finds in the text, a moment after the last key; a fix is one click away. */
export function linting(
  check: (text: string) => Promise<Checked>,
  apply: (fix: QuickFixView) => void,
): Extension {
  const mark = ({ findings, fixes }: Checked, text: Text) =>
    findings.map((one) => diagnostic(one, text, fixesOf(one, fixes), apply));
  return [
    linter(async ({ state }) => mark(await check(state.doc.toString()), state.doc), { delay: PAUSE_MS }),
    lintGutter(),
  ];
}

/** What mends a finding: it is of the same kind, at the same place. */
export const fixesOf = (finding: Finding, fixes: readonly QuickFixView[]): QuickFixView[] =>
  fixes.filter((fix) => fix.code === finding.code && fix.from === (finding.from ?? fix.from));

function diagnostic(
  finding: Finding,
  text: Text,
  fixes: readonly QuickFixView[],
  apply: (fix: QuickFixView) => void,
): Diagnostic {
  return {
    actions: fixes.map((fix) => ({ name: fix.title.replaceAll("`", ""), apply: () => apply(fix) })),
    ...range(finding, text),
    severity: SEVERITY[finding.severity],
    message: finding.help ? `${finding.message}\nhelp: ${finding.help}` : finding.message,
    renderMessage: () => explained(finding),
  };
}

/** Where a finding is in this text, however much it has changed since: never outside of it. */
export function range(
  finding: Pick<Finding, "from" | "to" | "line">,
  text: Text,
): { from: number; to: number } {
  const line = finding.line === null ? 1 : Math.min(Math.max(1, finding.line), text.lines);
  const from = Math.min(finding.from ?? text.line(line).from, text.length);
  return { from, to: Math.min(Math.max(from, finding.to ?? text.line(line).to), text.length) };
}

function explained(finding: Finding): HTMLElement {
  const box = document.createElement("div");
  box.append(paragraph(finding.message, "600"));
  if (finding.help) box.append(paragraph(finding.help, "400"));
  return box;
}

function paragraph(text: string, weight: string): HTMLElement {
  const p = document.createElement("p");
  p.textContent = text;
  p.style.fontWeight = weight;
  return p;
}
