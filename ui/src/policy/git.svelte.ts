// What git knows of the workspace, read again whenever files may have changed.

import type { GitChange, GitChangeKind, GitState } from "../api/bindings";
import { call } from "../api/client";
import { Latest } from "../api/latest";

const NONE: GitState = { isRepository: false, branch: null, changed: [], revisions: [] };

export class Git {
  state = $state.raw<GitState>(NONE);
  readonly marks: ReadonlyMap<string, GitChangeKind> = $derived(
    new Map(this.state.changed.map(({ path, kind }) => [path, kind])),
  );
  readonly #reading = new Latest<null>(async () => {
    // Without git there is nothing to show, and nothing is missing.
    this.state = await call("git_state", { against: null }).catch(() => NONE);
  });

  refresh(): Promise<void> {
    return this.#reading.run(null);
  }

  /** The files that differ from a revision. */
  async against(revision: string): Promise<readonly GitChange[]> {
    return (await call("git_state", { against: revision })).changed;
  }

  clear(): void {
    this.state = NONE;
  }
}
