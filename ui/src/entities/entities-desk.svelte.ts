// Who and what there is, by the text of `entities.json` in the editor, and what a person does about it.
//
// Not here: which entities there are, and what they are to policies (the host says that).

import type { EntityKind, EntityRow } from "../api/bindings";
import { Query } from "../api/query.svelte";
import type { Documents } from "../policy/documents.svelte";
import type { Files } from "../policy/files.svelte";
import { T } from "../strings";

export const ENTITIES = "entities.json";

export class EntitiesDesk {
  readonly answer = new Query("entities");
  /** The one in view, in full. */
  chosen = $state<string | null>(null);
  filter = $state("");
  kind = $state<EntityKind | null>(null);

  constructor(
    readonly documents: Documents,
    readonly files: Files,
  ) {}

  readonly all: readonly EntityRow[] = $derived(this.answer.data?.entities ?? []);
  readonly shown: readonly EntityRow[] = $derived(
    this.all.filter(
      ({ uid, kind }) =>
        (this.kind === null || kind === this.kind) && uid.toLowerCase().includes(this.filter.toLowerCase()),
    ),
  );
  readonly at: number = $derived(this.all.findIndex(({ uid }) => uid === this.chosen));

  /** The unsaved text, if there is one. */
  get draft(): string | null {
    const document = this.documents.find(ENTITIES);
    return document?.dirty ? document.text : null;
  }

  async ask(): Promise<void> {
    const answer = await this.answer.ask({ text: this.draft });
    if (answer && this.at === -1) this.chosen = answer.entities[0]?.uid ?? null;
  }

  /** Declares an entity that is only named so far, in the draft. */
  async declare({ ty, id, uid }: EntityRow): Promise<void> {
    const document = await this.documents.hold(ENTITIES);
    if (!document) return this.documents.propose(ENTITIES, withEntity("", ty, id) ?? "");
    const text = withEntity(document.text, ty, id);
    if (text === null) return;
    const edit = { path: ENTITIES, from: 0, to: document.text.length, text };
    await this.files.edit(T.declaredEntity(uid), [edit]);
  }

  clear(): void {
    this.answer.clear();
    this.chosen = null;
    this.filter = "";
    this.kind = null;
  }
}

/** A list of entities with one more at its end; `null` if the text is no list. */
export function withEntity(text: string, type: string, id: string): string | null {
  const entity = `{ "uid": { "type": ${JSON.stringify(type)}, "id": ${JSON.stringify(id)} }, "attrs": {}, "parents": [] }`;
  if (text.trim() === "") return `[\n  ${entity}\n]\n`;
  try {
    if (!Array.isArray(JSON.parse(text))) return null;
  } catch {
    return null;
  }
  const end = text.lastIndexOf("]");
  const before = text.slice(0, end).trimEnd();
  return `${before}${before.endsWith("[") ? "" : ","}\n  ${entity}\n${text.slice(end)}`;
}
