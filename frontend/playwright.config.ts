import { defineConfig } from "@playwright/test";

/** A real browser against a real server: `AIDEATOR_URL` says which, `.cluster/env` has it after `scripts/up`. */
export default defineConfig({
  testDir: "tests/e2e",
  outputDir: "test-results",
  // Pictures are taken when asked for: they show, they prove nothing.
  testIgnore: process.env.UPDATE_SCREENSHOTS === undefined ? "gallery.spec.ts" : [],
  // One after another: the runs share one small cluster.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: process.env.CI === undefined ? "list" : [["list"], ["json", { outputFile: "test-results/results.json" }]],
  use: {
    baseURL: process.env.AIDEATOR_URL ?? "http://localhost:8000",
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      // Debian's own; Playwright's would have to be downloaded.
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Chromium has no sandbox for root, which is who CI is.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    },
  },
});
