// What the window asks of the program around it.
//
// Promises: one command at a time, typed by the generated bindings; a rejected call carries an
// `ErrorDto`. Not here: any knowledge of Tauri, and any decision.

import type { AppEvent, Commands, ErrorDto } from "../api/bindings";

export type CommandName = keyof Commands;

/** Commands that answer in bytes. */
export type ByteCommand = "verdict_column" | "saved_column" | "baseline_column";

/** Stops listening. */
export type Stop = () => void;

export interface Host {
  call<C extends CommandName>(name: C, request: Commands[C][0]): Promise<Commands[C][1]>;
  bytes(name: ByteCommand): Promise<Uint8Array>;
  onEvent(listener: (event: AppEvent) => void): Promise<Stop>;
  /** Lets the person choose a folder; `null` if they think better of it. */
  pickFolder(title: string): Promise<string | null>;
  /** Lets the person choose a file; `null` if they think better of it. */
  pickFile(title: string): Promise<string | null>;
  /** A folder was dropped on the window. */
  onDrop(listener: (path: string) => void): Promise<Stop>;
}

/** Whatever a call was rejected with, as an error that can be shown. */
export function asError(thrown: unknown): ErrorDto {
  if (isErrorDto(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "io", message, help: null };
}

function isErrorDto(value: unknown): value is ErrorDto {
  return typeof value === "object" && value !== null && "code" in value && "message" in value;
}
