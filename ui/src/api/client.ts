// The only place that calls the host.

import type { AppEvent, Commands } from "./bindings";
import type { ByteCommand, CommandName, Host, Stop } from "../host/host";

let host: Host | undefined;

/** Says which host to call; `main` does so once, a test before each case. */
export function useHost(chosen: Host): void {
  host = chosen;
}

function current(): Host {
  if (!host) throw new Error("no host was chosen before the first call");
  return host;
}

export const call = <C extends CommandName>(name: C, request: Commands[C][0]): Promise<Commands[C][1]> =>
  current().call(name, request);

export const bytes = (name: ByteCommand): Promise<Uint8Array> => current().bytes(name);

export const onEvent = (listener: (event: AppEvent) => void): Promise<Stop> => current().onEvent(listener);

export const onDrop = (listener: (path: string) => void): Promise<Stop> => current().onDrop(listener);

export const pickFolder = (title: string): Promise<string | null> => current().pickFolder(title);

export const pickFile = (title: string): Promise<string | null> => current().pickFile(title);

export { asError } from "../host/host";
