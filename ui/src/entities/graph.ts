// Where an entity, its members and all that it is a member of stand in a picture of it.
//
// Promises: nobody stands twice, and a circle of members ends. Not here: how anything is drawn.

import type { EntityRow } from "../api/bindings";

export interface Node {
  /** Position among all entities. */
  readonly at: number;
  /** Members left, then the entity itself, then its groups, each as near as it can be. */
  readonly column: number;
  readonly row: number;
}

export interface Graph {
  readonly nodes: readonly Node[];
  /** From member to group, as positions among all entities. */
  readonly edges: readonly (readonly [member: number, group: number])[];
  readonly columns: number;
  readonly rows: number;
  /** Members that there is no room for. */
  readonly more: number;
}

/** So many members are shown. */
const MEMBERS = 12;

export function graphOf(all: readonly EntityRow[], at: number): Graph {
  const members = all.flatMap(({ parents }, one) => (parents.includes(at) && one !== at ? [one] : []));
  const levels = [members.slice(0, MEMBERS), [at], ...ancestors(all, at)].filter((level) => level.length > 0);
  const nodes = levels.flatMap((level, column) => level.map((one, row) => ({ at: one, column, row })));
  const shown = new Map(nodes.map((node) => [node.at, node]));
  const edges = nodes.flatMap(({ at: member, column }) =>
    (all[member]?.parents ?? []).flatMap((group) =>
      (shown.get(group)?.column ?? -1) > column ? [[member, group] as const] : [],
    ),
  );
  return {
    nodes,
    edges,
    columns: levels.length,
    rows: Math.max(...levels.map((level) => level.length)),
    more: Math.max(0, members.length - MEMBERS),
  };
}

/** Those above an entity, level by level. */
function ancestors(all: readonly EntityRow[], at: number): number[][] {
  const seen = new Set([at]);
  const levels: number[][] = [];
  let level = [at];
  for (;;) {
    level = [...new Set(level.flatMap((one) => all[one]?.parents ?? []))].filter((one) => !seen.has(one));
    if (level.length === 0) return levels;
    level.forEach((one) => seen.add(one));
    levels.push(level);
  }
}
