import { svelte } from "@sveltejs/vite-plugin-svelte";
import { lezer } from "@lezer/generator/rollup";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  plugins: [lezer(), svelte()],
  // Without the browser condition the tests would get Svelte's server build.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  build: {
    target: "es2022",
    // Older targets would have `light-dark()` rewritten into something that follows the stylesheet
    // only, and never the theme that the person chose.
    cssTarget: ["chrome123", "safari17.5"],
    sourcemap: false,
    chunkSizeWarningLimit: 1500,
  },
  server: { port: 5173, strictPort: true },
  test: {
    environment: "happy-dom",
    setupFiles: ["src/test/setup.ts"],
    include: ["src/**/*.test.ts"],
    testTimeout: 60_000,
  },
}));
