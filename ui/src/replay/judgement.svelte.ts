// Judges unsaved text while it is typed.
//
// Promises: one request at a time, and while it runs only the newest text waits; an answer to a text
// that was overtaken is dropped. A text that does not parse leaves the last good verdicts, and says so.
// Not here: which texts there are, and what shows the verdicts.

import type { DraftsJudged, DraftText, ErrorDto, Finding } from "../api/bindings";
import { asError, call } from "../api/client";
import { Latest } from "../api/latest";
import type { Of } from "./corpus.svelte";

/** How long the person must pause before the text is judged. */
const PAUSE_MS = 60;

type Drafts = readonly DraftText[];

const NOTHING: Drafts = [];

export class Judgement {
  /** What the verdicts in view are of. */
  of = $state<Of>("saved");
  /** Where the newest text does not parse; the verdicts in view are older then. */
  broken = $state.raw<readonly Finding[]>([]);
  /** How long the host took, for the verdicts in view. */
  micros = $state<number | null>(null);
  error = $state.raw<ErrorDto | null>(null);
  #wanted: Drafts = NOTHING;
  #epoch = 0;
  #asked = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;
  readonly #asking = new Latest<Drafts>((drafts) => this.#ask(drafts));

  /** `judged` hears of new verdicts. */
  constructor(readonly judged: (answer: DraftsJudged, of: Of) => void) {}

  /** The unsaved texts are now `drafts`: judges them as soon as the person pauses. */
  follow(drafts: Drafts): void {
    if (same(drafts, this.#wanted)) return;
    this.#wanted = drafts;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#asking.run(drafts), PAUSE_MS);
  }

  /** Judges the unsaved texts now, whatever was judged before; none: as saved. */
  judge(drafts: Drafts): Promise<void> {
    clearTimeout(this.#pause);
    this.#wanted = drafts;
    return this.#asking.run(drafts);
  }

  /** What is saved was judged, by a save or because files changed: nothing of before holds. */
  settle(): void {
    this.#epoch++;
    clearTimeout(this.#pause);
    this.#asking.clear();
    this.#wanted = NOTHING;
    this.of = "saved";
    this.broken = [];
    this.micros = null;
    this.error = null;
  }

  /** Reads what the host shows while it judges nothing. */
  async between<A>(read: () => Promise<A>): Promise<A> {
    for (;;) {
      await this.#asking.idle();
      const asked = this.#asked;
      const answer = await read();
      if (asked === this.#asked) return answer;
    }
  }

  async #ask(drafts: Drafts): Promise<void> {
    const epoch = this.#epoch;
    this.#asked++;
    try {
      const answer = await call("judge_drafts", { files: [...drafts] });
      if (epoch === this.#epoch && !this.#asking.overtaken) this.#hear(answer, drafts);
    } catch (thrown) {
      if (epoch === this.#epoch) this.error = asError(thrown);
    }
  }

  #hear(answer: DraftsJudged, drafts: Drafts): void {
    this.error = null;
    const unsaved = drafts.length > 0;
    if (answer.state === "broken" && unsaved) this.broken = answer.broken;
    // What is saved does not parse either: then there is nothing newer than the last good verdicts.
    const over = answer.state === "broken" && !unsaved;
    if (answer.state !== "judged" && !over) return;
    this.broken = [];
    this.of = unsaved ? "draft" : "saved";
    this.micros = answer.micros;
    this.judged(answer, this.of);
  }
}

const same = (a: Drafts, b: Drafts): boolean =>
  a.length === b.length && a.every((one, at) => one.path === b[at]?.path && one.text === b[at].text);
