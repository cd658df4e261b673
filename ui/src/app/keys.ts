// Listens for the keys of the commands.
//
// Promises: a key without Ctrl or Cmd never fires while somebody types, and whoever handled a key
// first has handled it.

import { tinykeys } from "tinykeys";
import type { Command } from "./commands";
import { isTyping, takesEnter } from "./focus";

export function listen(all: () => readonly Command[]): () => void {
  const ids = new Map(all().flatMap((command) => command.keys.map((keys) => [keys, command.id] as const)));
  const bindings = [...ids].map(
    ([keys, id]) => [keys, (event: KeyboardEvent) => fire(event, keys, id)] as const,
  );

  function fire(event: KeyboardEvent, keys: string, id: string): void {
    const command = all().find((one) => one.id === id);
    if (!command || event.defaultPrevented || !reaches(event, keys)) return;
    if (command.when && !command.when()) return;
    event.preventDefault();
    command.run();
  }
  return tinykeys(window, Object.fromEntries(bindings));
}

function reaches(event: KeyboardEvent, keys: string): boolean {
  if (keys.includes("$mod") || keys.includes("Alt") || /F\d+$/.test(keys)) return true;
  if (keys === "Escape") return !(event.target instanceof Element && event.target.closest("[role=dialog]"));
  return !isTyping(event.target) && !(keys === "Enter" && takesEnter(event.target));
}
