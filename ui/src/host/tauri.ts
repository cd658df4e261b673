// The host of the shipped app: Tauri's IPC, events, dialogs and drag and drop.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { open } from "@tauri-apps/plugin-dialog";
import type { AppEvent } from "../api/bindings";
import type { Host } from "./host";

export const tauri: Host = {
  call: (name, request) => invoke("rpc", { name, request }),
  bytes: async (name) => new Uint8Array(await invoke<ArrayBuffer>("rpc_bytes", { name, request: {} })),
  onEvent: (listener) => listen<AppEvent>("app-event", ({ payload }) => listener(payload)),
  pickFolder: (title) => open({ directory: true, title }),
  pickFile: (title) => open({ directory: false, title }),
  onDrop: (listener) =>
    getCurrentWebview().onDragDropEvent(({ payload }) => {
      const path = payload.type === "drop" ? payload.paths[0] : undefined;
      if (path) listener(path);
    }),
};
