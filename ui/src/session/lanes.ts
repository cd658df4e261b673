// Which lane a step is in, and how it is drawn.

import type { Lane } from "../api/bindings";

const COLOURS = 4;

/** The token of a lane's colour; the main lane has none. */
export const laneColour = (lane: number): string =>
  `var(--lane-${lane === 0 ? 0 : ((lane - 1) % COLOURS) + 1})`;

export function laneTitle(lane: Lane | undefined): string {
  if (!lane) return "";
  if (lane.kind === "subAgent") return `sub-agent ${lane.agent}`;
  return lane.kind === "branch" ? `branch of ${lane.agent}` : lane.agent;
}
