// Common rules: which there are, what is answered, what comes out, and what it would change.
//
// Promises: nothing is drafted before the person says so; an answer to other values is thrown away. Not
// here: what a rule says, and whether it fits the workspace (the host).

import type { ErrorDto, RecordedValues, RuleValueView, RuleView } from "../api/bindings";
import { SvelteMap } from "svelte/reactivity";
import { asError, call } from "../api/client";
import { Query } from "../api/query.svelte";
import type { Drafting, Trial } from "./drafting.svelte";

export class CommonRules {
  open = $state(false);
  readonly list = new Query("rules");
  /** By the names of values. */
  answers = $state.raw<Readonly<Record<string, string>>>({});
  text = $state.raw<string | null>(null);
  trial = $state.raw<Trial | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  /** What was recorded, by tool and argument. */
  readonly recorded = new SvelteMap<string, RecordedValues>();
  #chosen = $state<string | null>(null);
  #asked = 0;

  constructor(readonly drafting: Drafting) {}

  readonly rule: RuleView | null = $derived(
    this.list.data?.rules.find((rule) => rule.name === this.#chosen) ?? null,
  );
  readonly complete: boolean = $derived(
    this.rule !== null &&
      this.rule.whyNot === null &&
      this.rule.values.every(({ name }) => (this.answers[name] ?? "").trim() !== ""),
  );

  async begin(): Promise<void> {
    this.open = true;
    this.recorded.clear();
    const answer = await this.list.ask({});
    const rules = answer?.rules ?? [];
    const first =
      rules.find((rule) => rule.name === this.#chosen) ?? rules.find((rule) => rule.whyNot === null);
    if (first) this.choose(first);
  }

  choose(rule: RuleView): void {
    this.#chosen = rule.name;
    this.answers = Object.fromEntries(rule.values.map(({ name, choices }) => [name, choices[0] ?? ""]));
  }

  answer(name: string, value: string): void {
    this.answers = { ...this.answers, [name]: value };
  }

  /** Puts a recorded value among the lines of an answer, or takes it out. */
  toggleLine(name: string, line: string): void {
    const lines = linesOf(this.answers[name]);
    const without = lines.filter((one) => one !== line);
    this.answer(name, (without.length < lines.length ? without : [...lines, line]).join("\n"));
  }

  /** What was recorded of the argument that a value is about. */
  recordedFor({ of }: RuleValueView): RecordedValues | null {
    const argument = of === null ? undefined : this.answers[of];
    return argument === undefined ? null : (this.recorded.get(argument) ?? null);
  }

  /** Works out the policy and its effect for the answers as they are. */
  async refresh(): Promise<void> {
    const mine = ++this.#asked;
    const { rule, answers } = this;
    this.error = null;
    this.trial = null;
    this.text = null;
    if (!rule) return;
    try {
      await this.#readRecorded(rule, answers);
      if (mine !== this.#asked || !this.complete) return;
      const { text } = await call("fill_rule", { name: rule.name, values: { ...answers } });
      if (mine !== this.#asked) return;
      this.text = text;
      const trial = await this.drafting.try(text);
      if (mine === this.#asked) this.trial = trial;
    } catch (thrown) {
      if (mine === this.#asked) this.error = asError(thrown);
    }
  }

  /** `false`: there is nothing to draft, or it went wrong. */
  async put(): Promise<boolean> {
    const { text } = this;
    if (text === null) return false;
    this.open = false;
    return this.drafting.put(text);
  }

  close(): void {
    this.#asked++;
    this.open = false;
  }

  async #readRecorded(rule: RuleView, answers: Readonly<Record<string, string>>): Promise<void> {
    const wanted = new Set(rule.values.flatMap(({ of }) => (of === null ? [] : (answers[of] ?? []))));
    for (const argument of wanted) {
      if (argument === "" || this.recorded.has(argument)) continue;
      this.recorded.set(argument, await call("recorded_values", { argument }));
    }
  }
}

/** The lines of an answer that say something. */
export const linesOf = (answer: string | undefined): string[] =>
  (answer ?? "").split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));

/** Recorded values that can stand in an answer as they are. */
export const offered = (value: RuleValueView, recorded: RecordedValues): RecordedValues["values"] =>
  recorded.values.filter(
    ({ text }) =>
      text.trim() === text && !/[\r\n]/.test(text) && (value.kind !== "patterns" || !text.includes("*")),
  );
