// Picks a host and mounts the app.

import { mount } from "svelte";
import App from "./app/App.svelte";
import { useHost } from "./api/client";
import type { Host } from "./host/host";
import { tauri } from "./host/tauri";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/code.css";
import "./styles/dialogs.css";

async function pick(): Promise<Host> {
  if (import.meta.env.DEV && new URLSearchParams(location.search).get("host") === "canned") {
    return (await import("./host/demo")).demo();
  }
  return tauri;
}

const target = document.getElementById("app");
if (target) {
  useHost(await pick());
  mount(App, { target });
}
