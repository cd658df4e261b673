// Theme, contrast and zoom: what the person chose, and what the window makes of it.

import type { Contrast, Preferences, Theme } from "../api/bindings";
import { call } from "../api/client";
import { scale } from "../widgets/scale.svelte";

const USUAL_ZOOM = 100;
const LEAST_ZOOM = 50;
const MOST_ZOOM = 200;
const ZOOM_STEP = 10;
const THEMES: readonly Theme[] = ["system", "light", "dark"];
const SCHEME: Readonly<Record<Theme, string>> = { system: "light dark", light: "light", dark: "dark" };

export class Preference {
  theme = $state<Theme>("system");
  zoom = $state(USUAL_ZOOM);
  contrast = $state<Contrast>("system");
  /** Searches that the person kept. */
  searches = $state.raw<readonly string[]>([]);

  adopt(chosen: Preferences): void {
    this.theme = chosen.theme;
    this.contrast = chosen.contrast;
    this.searches = chosen.searches;
    this.zoom = chosen.zoom === 0 ? USUAL_ZOOM : clamp(chosen.zoom);
    this.#apply();
  }

  choose(theme: Theme): void {
    this.theme = theme;
    this.#keep();
  }

  chooseContrast(contrast: Contrast): void {
    this.contrast = contrast;
    this.#keep();
  }

  keepSearch(query: string): void {
    if (this.searches.includes(query)) return;
    this.searches = [...this.searches, query];
    this.#keep();
  }

  forgetSearch(query: string): void {
    this.searches = this.searches.filter((one) => one !== query);
    this.#keep();
  }

  nextTheme(): void {
    this.choose(THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? "system");
  }

  zoomBy(steps: number): void {
    this.zoom = steps === 0 ? USUAL_ZOOM : clamp(this.zoom + steps * ZOOM_STEP);
    this.#keep();
  }

  #keep(): void {
    this.#apply();
    const { theme, zoom, contrast } = this;
    void call("set_preferences", { theme, zoom, contrast, searches: [...this.searches] }).catch(
      () => undefined,
    );
  }

  #apply(): void {
    const { style, dataset } = document.documentElement;
    style.colorScheme = SCHEME[this.theme];
    scale.factor = this.zoom / USUAL_ZOOM;
    style.setProperty("--zoom", String(scale.factor));
    dataset.theme = this.theme;
    dataset.contrast = this.contrast;
  }
}

const clamp = (zoom: number): number => Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom));
