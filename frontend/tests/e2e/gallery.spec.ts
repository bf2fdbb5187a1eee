import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { newRun, Replay } from "./replay";
import { ago, badEnds, BEGAN, fiveStates, waiting } from "./scenes";
import { asAdmin } from "./scenes-admin";
import { fiveResults, history, judged, NOT_PUSHED, publication } from "./scenes-done";
import { card, expect, test } from "./support";

/* Each view in each of its states, on three screens and in both themes: one picture a state in docs/screenshots/states. */

test.describe.configure({ timeout: 120_000 });

const FOLDER = fileURLToPath(new URL("../../../docs/screenshots/states/", import.meta.url));
/** Pages are cut below so many pixels. */
const SCREENS = [
  { width: 1440, height: 900, cut: 1300 },
  { width: 1024, height: 768, cut: 1500 },
  { width: 390, height: 844, cut: 1700 },
] as const;
const THEMES = ["light", "dark"] as const;
const SCALE = 0.45;
const GAP = 12;

interface State {
  name: string;
  variations?: number;
  /** What the server has to tell. */
  play?: (replay: Replay) => void;
  /** Behind the run's own address; a whole path where it begins with `/`. */
  at?: string;
  /** Brings the page there, once it is loaded. */
  ready: (page: Page, replay: Replay) => Promise<unknown>;
  /** Whether more than a screen is shown; not where something is as high as the screen, or above the page. */
  tall?: boolean;
}

const MODELS = { any_model: true, engines: ["builtin", "command"], images: ["aideator-agent:dev"], models: ["scripted-small", "scripted-large"].map((id) => ({ id, label: `${id} (scripted)`, price: { input: 0.15, output: 0.6 } })) };
const key = (id: string, name: string) => ({ id, name, prefix: "aid_sk_7Qd", created_at: ago(90_000), expires_at: null, last_used_at: ago(300), scopes: ["runs:read", "runs:create", "runs:cancel"] });

const begun = (page: Page) => expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
const done = (page: Page) => expect(page.getByText("2 files").first()).toBeVisible();
const compared = (page: Page) => expect(page.getByRole("region", { name: /^Changes in / }).first()).toBeVisible();
const tab = (name: string) => async (page: Page) => {
  await page.getByRole("tab", { name }).click();
  if (name === "Diff") await compared(page);
};
const gone = (replay: Replay) => {
  fiveResults(replay);
  for (const { timings } of replay.run.variations) timings.job_deleted_at = ago(5);
};

const STATES: readonly State[] = [
  { name: "home-first", at: "/", ready: (page) => expect(page.getByLabel("Repository")).toHaveValue(/octocat/) },
  {
    name: "home-filled",
    variations: 5,
    at: "/",
    play: (replay) => {
      fiveResults(replay);
      replay.answers.set("/api/v1/runs", { items: history(replay.run), total: 6, page: 1, pages: 1, per_page: 20 });
    },
    ready: async (page) => {
      await page.getByLabel("Repository").fill("https://github.com/demo/parse-duration");
      await page.getByLabel("Prompt").fill("Make the failing tests pass: what is not a duration must be an error, and a value that does not fit must be an error, not a panic.");
      await page.getByLabel("Checks").fill("cargo test");
      await expect(page.getByText("Reachable.")).toBeVisible();
    },
  },
  { name: "home-follow-up", variations: 5, at: `/?base=${newRun(1).run_id}&v=1`, play: fiveResults, ready: (page) => expect(page.getByText("Starts from agent 1 of")).toBeVisible() },
  {
    name: "home-errors",
    at: "/",
    ready: async (page) => {
      await page.getByLabel("Repository").fill("");
      await page.getByLabel("Prompt").fill("");
      await page.getByLabel("Temperature of agent 1").fill("7");
      await page.getByLabel("Cost limit").fill("much");
      await page.getByRole("button", { name: "Start Generation" }).click();
      await expect(page.getByText("A number from 0 to 2.")).toBeVisible();
    },
  },
  { name: "sign-in", at: "/login?next=/runs&ended=1", play: (replay) => (replay.signedOut = true), ready: (page) => expect(page.getByLabel("Password")).toBeVisible() },
  {
    name: "runs",
    variations: 5,
    at: "/runs",
    play: (replay) => {
      fiveResults(replay);
      replay.answers.set("/api/v1/runs", { items: history(replay.run), total: 6, page: 1, pages: 1, per_page: 20 });
    },
    ready: (page) => expect(page.getByRole("listitem").first()).toBeVisible(),
  },
  { name: "runs-empty", at: "/runs", ready: (page) => expect(page.getByRole("main")).toContainText("run") },
  {
    name: "settings",
    at: "/settings",
    play: (replay) => {
      replay.answers.set("/api/v1/auth/api-keys", [key("key_1", "laptop"), key("key_2", "nightly job")]);
      replay.answers.set("/api/v1/credentials", [{ id: "cred_1", kind: "git", host: "github.com", username: "x-access-token", created_at: ago(90_000), last_used_at: ago(4000), readable: true }]);
    },
    ready: (page) => expect(page.getByText("nightly job")).toBeVisible(),
  },
  { name: "admin-users", at: "/admin", play: asAdmin, ready: (page) => expect(page.getByText("unknown")).toBeVisible() },
  { name: "admin-runs", at: "/admin?tab=runs", play: asAdmin, ready: (page) => expect(page.getByText("Running")).toBeVisible() },
  { name: "admin-usage", at: "/admin?tab=usage", play: asAdmin, ready: (page) => expect(page.getByText("unknown").first()).toBeVisible() },
  { name: "admin-invitations", at: "/admin?tab=invitations", play: asAdmin, ready: (page) => expect(page.getByText("lee@example.com")).toBeVisible() },
  { name: "admin-audit", at: "/admin?tab=audit", play: asAdmin, ready: (page) => expect(page.getByText("Login failed (41 times)")).toBeVisible() },
  {
    name: "admin-disable",
    tall: false,
    at: "/admin",
    play: asAdmin,
    ready: async (page) => {
      await page.getByRole("button", { name: "Disable noor@example.com" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  },
  { name: "admin-none", at: "/admin", ready: (page) => expect(page.getByText("This page is for admins")).toBeVisible() },
  { name: "run-waiting", variations: 3, play: waiting, ready: begun },
  { name: "run-live", variations: 5, play: fiveStates, ready: (page) => expect(card(page, 3).getByText("The model is writing")).toBeVisible() },
  {
    name: "run-paused",
    variations: 5,
    play: fiveStates,
    ready: async (page, replay) => {
      await expect(card(page, 3).getByText("The model is writing")).toBeVisible();
      await page.keyboard.press(".");
      replay.line(2, "while paused").flush();
      await expect(page.getByText("1 new line kept.")).toBeVisible();
    },
  },
  {
    name: "run-reconnecting",
    variations: 5,
    play: fiveStates,
    ready: async (page, replay) => {
      await expect(card(page, 3).getByText("The model is writing")).toBeVisible();
      replay.away = true;
      replay.cut();
      await expect(page.getByText("Connection lost.")).toBeVisible();
    },
  },
  {
    name: "run-signed-out",
    variations: 5,
    play: fiveStates,
    ready: async (page, replay) => {
      await expect(card(page, 3).getByText("The model is writing")).toBeVisible();
      replay.signedOut = true;
      replay.cut();
      await expect(page.getByText("Your session has ended.")).toBeVisible({ timeout: 30_000 });
    },
  },
  {
    name: "run-failed",
    variations: 3,
    play: (replay) => {
      badEnds(replay);
      replay.end("failed");
    },
    ready: (page) => expect(card(page, 3)).toContainText("PodDeleted"),
  },
  { name: "run-done", variations: 5, play: fiveResults, ready: done },
  {
    name: "run-selected",
    variations: 5,
    play: (replay) => {
      fiveResults(replay);
      replay.run.winning_variation_id = 0;
    },
    ready: done,
  },
  {
    name: "run-published",
    variations: 5,
    play: (replay) => {
      fiveResults(replay);
      replay.run.winning_variation_id = 0;
      replay.run.publication = publication(replay.run, { status: "succeeded" }, { commit: "9b1c3f0d5e7a2468ace013579bdf02468ace1357", url: "https://github.com/demo/parse-duration/pull/7" });
    },
    ready: (page) => expect(page.getByRole("link", { name: "Pull request" })).toBeVisible(),
  },
  {
    name: "run-not-published",
    variations: 5,
    play: (replay) => {
      fiveResults(replay);
      replay.run.winning_variation_id = 0;
      replay.run.publication = publication(replay.run, NOT_PUSHED);
    },
    ready: (page) => expect(page.getByText(NOT_PUSHED.reason)).toBeVisible(),
  },
  {
    name: "publish",
    tall: false,
    variations: 5,
    play: (replay) => {
      fiveResults(replay);
      replay.run.winning_variation_id = 0;
    },
    ready: async (page) => {
      await page.getByRole("button", { name: "Publish branch…" }).click();
      await page.getByLabel("Ask for a pull request").check();
    },
  },
  { name: "run-gone", variations: 5, play: gone, ready: done },
  { name: "focus-log", tall: false, variations: 5, play: fiveStates, at: "&view=focus&a=1", ready: (page) => expect(page.getByRole("log")).toContainText("overflow_is_an_error") },
  {
    name: "focus-search",
    tall: false,
    variations: 5,
    play: fiveStates,
    at: "&view=focus&a=1",
    ready: async (page) => {
      await page.getByLabel("Search this log").fill("overflow");
      await page.keyboard.press("Enter");
    },
  },
  { name: "focus-gap", tall: false, variations: 3, play: badEnds, at: "&view=focus&a=3", ready: (page) => expect(page.getByText("120 lines unavailable.")).toBeVisible() },
  { name: "focus-result", variations: 5, play: fiveResults, at: "&view=focus&a=2", ready: tab("Result") },
  { name: "focus-failed", variations: 5, play: fiveResults, at: "&view=focus&a=5", ready: tab("Result") },
  { name: "focus-activity", tall: false, variations: 5, play: fiveResults, at: "&view=focus&a=2", ready: tab("Activity") },
  { name: "focus-diff", variations: 5, play: fiveResults, at: "&view=focus&a=2", ready: tab("Diff") },
  { name: "focus-waiting", variations: 3, play: waiting, at: "&view=focus&a=1", ready: tab("Result") },
  { name: "compare", variations: 5, play: fiveResults, at: "&view=compare", ready: compared },
  {
    name: "compare-two",
    variations: 5,
    play: (replay) => {
      fiveResults(replay);
      replay.answers.set(`/api/v1/runs/${replay.run.run_id}/variations/2/patch?from=0`, (replay.patches.get(2) ?? "").replace(/^diff --git a\/src\/error[^]*?(?=diff --git a\/src\/parser)/, ""));
    },
    at: "&view=compare&a=1&b=3",
    ready: async (page) => {
      await compared(page);
      await page.getByText("Split", { exact: true }).click();
    },
  },
  {
    name: "compare-judged",
    variations: 5,
    play: (replay) => {
      fiveResults(replay);
      replay.run.judgement = judged(replay.run);
    },
    at: "&view=compare",
    ready: compared,
  },
  {
    name: "compare-blind",
    variations: 5,
    play: fiveResults,
    at: "&view=compare",
    ready: async (page) => {
      await page.getByRole("button", { name: "Blind" }).click();
      await compared(page);
    },
  },
  {
    name: "run-blind",
    variations: 5,
    play: fiveResults,
    ready: async (page) => {
      await done(page);
      await page.keyboard.press("b");
      await expect(page.getByText("Judged blind.")).toBeVisible();
    },
  },
  { name: "compare-early", variations: 3, play: waiting, at: "&view=compare", ready: begun },
  {
    name: "palette",
    tall: false,
    variations: 5,
    play: fiveStates,
    ready: async (page) => {
      await begun(page);
      await page.keyboard.press("Control+k");
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  },
  {
    name: "help",
    tall: false,
    variations: 5,
    play: fiveStates,
    ready: async (page) => {
      await begun(page);
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  },
  {
    name: "share",
    tall: false,
    variations: 5,
    play: (replay) => {
      fiveResults(replay);
      const share = { id: "share_1", prefix: "aid_share_0AbC", created_at: ago(4000), expires_at: ago(-600_000), last_used_at: ago(300) };
      replay.answers.set(`/api/v1/runs/${replay.run.run_id}/shares`, [share]);
    },
    ready: async (page) => {
      await done(page);
      await page.getByRole("button", { name: "Share" }).click();
      await expect(page.getByText("aid_share_0AbC")).toBeVisible();
    },
  },
  {
    name: "select-early",
    tall: false,
    variations: 5,
    play: fiveStates,
    ready: async (page) => {
      await begun(page);
      await page.getByRole("button", { name: "Select This: agent 2" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  },
];

for (const { name, variations = 1, play = () => undefined, at = "", ready, tall = true } of STATES) {
  test(name, async ({ page, baseURL, browser }, info) => {
    const replay = await Replay.start(baseURL ?? "", newRun(variations, { created_at: ago(BEGAN), checks: ["cargo test"] }));
    for (const [path, answer] of [
      ["/api/v1/models", MODELS],
      ["/api/v1/runs", { items: [], total: 0, page: 1, pages: 0, per_page: 20 }],
      ["/api/v1/auth/api-keys", []],
      ["/api/v1/credentials", []],
      ["/api/v1/webhooks", []],
      ["/api/v1/repos/check", { branches: ["main", "next"], default_branch: "main", sha: replay.run.base_sha }],
    ] as const) {
      replay.answers.set(path, answer);
    }
    play(replay);
    try {
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.goto(at.startsWith("/") ? replay.url + at : `${replay.url}/stream?run=${replay.run.run_id}${at}`);
      await ready(page, replay);
      const shots: { width: number; theme: string; png: Buffer }[] = [];
      for (const { width, height, cut } of SCREENS) {
        for (const theme of THEMES) {
          await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
          await page.setViewportSize({ width, height });
          const whole = await page.evaluate(() => {
            window.scrollTo(0, 0);
            return document.documentElement.scrollHeight;
          });
          // A screen as high as the page: what sticks to an edge is at an edge.
          if (tall) await page.setViewportSize({ width, height: Math.max(height, Math.min(whole, cut)) });
          await page.evaluate(() => document.fonts.ready);
          const png = await page.screenshot({ animations: "disabled", path: info.outputPath(`${name}-${width}-${theme}.png`) });
          shots.push({ width, theme, png });
        }
      }
      const sheet = await browser.newPage();
      const webp = await sheet.evaluate(contactSheet, { shots: shots.map(({ png }) => png.toString("base64")), scale: SCALE, gap: GAP });
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(`${FOLDER}${name}.webp`, Buffer.from(webp, "base64"));
      await sheet.close();
    } finally {
      await replay.close();
    }
  });
}

/** Six pictures as one, as WebP in base64: the wide ones above the others. Runs in a browser. */
async function contactSheet({ shots, scale, gap }: { shots: string[]; scale: number; gap: number }): Promise<string> {
  const images = await Promise.all(
    shots.map(async (shot) => {
      const image = new Image();
      image.src = `data:image/png;base64,${shot}`;
      await image.decode();
      return image;
    }),
  );
  const rows = [images.slice(0, 2), images.slice(2)];
  const size = (pixels: number) => Math.round(pixels * scale);
  const canvas = document.createElement("canvas");
  canvas.width = gap + Math.max(...rows.map((row) => row.reduce((sum, { width }) => sum + size(width) + gap, 0)));
  canvas.height = gap + rows.reduce((sum, row) => sum + gap + size(Math.max(...row.map(({ height }) => height))), 0);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser does not draw");
  context.fillStyle = "#8a94a6";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  let top = gap;
  for (const row of rows) {
    let left = gap;
    for (const image of row) {
      context.drawImage(image, left, top, size(image.width), size(image.height));
      left += size(image.width) + gap;
    }
    top += gap + size(Math.max(...row.map(({ height }) => height)));
  }
  return canvas.toDataURL("image/webp", 0.5).split(",")[1] ?? "";
}
