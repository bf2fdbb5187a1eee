import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { card, CHECK, CLONE, expect, expectAccessible, fact, picture, signIn, startRun, storedLines, test, waitForEnd } from "./support";
import { Wire } from "./wire";

test.beforeEach(({ context }) => signIn(context));

test("from a prompt to an applied patch, by mouse", async ({ page }) => {
  const run = await startRun(page);
  // Live: lines are there while it runs, without a reload.
  await expect(fact(page, "State")).toHaveText("Live");
  for (const agent of [1, 2, 3]) await expect(card(page, agent).getByText(/\d lines?/)).toBeVisible({ timeout: 60_000 });
  await expect(card(page, 1).getByRole("list", { name: "Newest lines" })).not.toBeEmpty();
  await expect(card(page, 1).getByText(/^[4-9]\d lines$/)).toBeVisible({ timeout: 60_000 });
  await picture(page, "run-live");

  await waitForEnd(page);
  await expect(fact(page, "Finished")).toHaveText("3 of 3");
  await expect(fact(page, "Stream integrity")).toHaveText(/^[\d,]+ lines, no gaps, complete$/);

  // What the page received is what is stored, line for line.
  await expect(fact(page, "Stream integrity")).toContainText(`${(await storedLines(page, run, 3)).toLocaleString("en")} lines`);

  // The evidence: the first repaired it, the second did not quite.
  await expect(card(page, 1).getByText("passed")).toBeVisible();
  await expect(card(page, 2).getByText("exit 1")).toBeVisible();
  await card(page, 1).getByRole("button", { name: /^Select This/ }).click();
  const bar = page.getByRole("region", { name: "Selected" });
  const line = `curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" ${new URL(page.url()).origin}/api/v1/runs/${run}/variations/0/patch | git apply`;
  await expect(bar.getByText(line)).toBeVisible();
  await expect(card(page, 1).getByText("Selected")).toBeVisible();
  await picture(page, "run-finished");
  await expectAccessible(page);

  // The choice can be changed, and is kept.
  await card(page, 2).getByRole("button", { name: /^Select This/ }).click();
  await expect(card(page, 2).getByText("Selected")).toBeVisible();
  await card(page, 1).getByRole("button", { name: /^Select This/ }).click();
  await expect(card(page, 1).getByText("Selected")).toBeVisible();
  await page.reload();
  await expect(bar.getByText(line)).toBeVisible();

  // Side by side: the better evidence is first.
  await page.getByRole("radiogroup", { name: "View" }).getByText("Compare").click();
  await expect(page.getByRole("row").nth(1)).toContainText("1 of 1 passed");
  await expect(page.getByRole("region", { name: /^Changes in / }).first()).toBeVisible();
  await picture(page, "run-compare");
  await expectAccessible(page);
  await page.getByRole("radiogroup", { name: "View" }).getByText("Grid").click();

  // The page's commands can be trusted.
  await page.getByRole("button", { name: "Compare with kubectl logs" }).click();
  await expect(page.getByText("identical")).toHaveCount(3, { timeout: 30_000 });

  const patch = await (await page.request.get(`/api/v1/runs/${run}/variations/0/patch`)).text();
  const clone = mkdtempSync(join(tmpdir(), "aideator-e2e-"));
  try {
    execFileSync("git", ["clone", "--quiet", CLONE, clone]);
    execFileSync("git", ["apply"], { cwd: clone, input: patch });
    const [program = "", ...args] = CHECK.split(" ");
    execFileSync(program, args, { cwd: clone, stdio: "pipe" });
  } finally {
    rmSync(clone, { recursive: true });
  }
});

test("one agent in focus: its log readable and raw, its result, its diff", async ({ page }) => {
  const run = await startRun(page, { variations: 1 });
  await waitForEnd(page);
  await card(page, 1).getByRole("button", { name: "Focus agent 1" }).click();
  await expect(page).toHaveURL(new RegExp(`run=${run}&view=focus&a=1$`));

  const log = page.getByRole("log");
  await expect(log.getByText("succeeded").last()).toBeVisible();
  await picture(page, "run-log");
  await expectAccessible(page);
  await page.getByLabel("Filter this log").fill(CHECK);
  await expect(page.getByText(/^\d+ match(es)?$/)).toBeVisible();
  await page.getByLabel("Filter this log").fill("");
  await page.getByText("Raw", { exact: true }).click();
  await expect(log.getByText(/^\{"v":1,/).first()).toBeVisible();

  await page.getByRole("tab", { name: "Diff" }).click();
  await expect(page.getByRole("region", { name: /^Changes in / }).first()).toBeVisible();
  await picture(page, "run-diff");
  await expectAccessible(page);
  await page.getByRole("tab", { name: "Result" }).click();
  await expect(page.getByText(`$ ${CHECK}`)).toBeVisible();
  await expectAccessible(page);
});

test("a cut connection is said, and costs no line", async ({ browser, baseURL }) => {
  const wire = await Wire.to(new URL(baseURL ?? ""));
  const context = await browser.newContext({ baseURL: wire.url });
  const page = await context.newPage();
  try {
    await signIn(context);
    const run = await startRun(page, { variations: 2, prompt: "Say many lines. [[scripted: say lines=300 bytes=60 rate=20]]", checks: "" });
    await expect(card(page, 1).getByText(/\d\d lines/)).toBeVisible({ timeout: 60_000 });
    wire.cut();
    await expect(page.getByText("Connection lost.")).toBeVisible();
    wire.mend();
    await expect(fact(page, "State")).toHaveText("Live", { timeout: 30_000 });
    await expect(page.getByText("Connection lost.")).toHaveCount(0);
    await waitForEnd(page);
    await expect(fact(page, "Stream integrity")).toHaveText(/ lines, no gaps, complete$/);
    const received = await fact(page, "Stream integrity").textContent();
    // Loaded anew after the end it is the same.
    await page.reload();
    await expect(fact(page, "Stream integrity")).toHaveText(received ?? "");
    await expect(fact(page, "Stream integrity")).toContainText(`${(await storedLines(page, run, 2)).toLocaleString("en")} lines`);
  } finally {
    await context.close();
    wire.close();
  }
});

test("what an agent prints is text, whatever it says", async ({ page }) => {
  const hostile = `<img src=/nowhere onerror="document.title='owned'"><script>document.title='owned'</script>`;
  await startRun(page, { variations: 1, prompt: `Print it. [[scripted: run printf '%s' '${hostile.replaceAll("'", `"`)}']]`, checks: "" });
  await waitForEnd(page);
  await card(page, 1).getByRole("button", { name: "Focus agent 1" }).click();
  await expect(page.getByRole("log").getByText("<img src=/nowhere").first()).toBeVisible();
  await expect(page.getByRole("log").locator("img, script")).toHaveCount(0);
  expect(await page.title()).not.toBe("owned");
});

test("a run is cancelled, and what it printed is kept", async ({ page }) => {
  await startRun(page, { variations: 2, prompt: "Take your time. [[scripted: slow]]", checks: "" });
  await expect(card(page, 2).getByText(/\d lines?/)).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Cancel run" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel run" }).click();
  await waitForEnd(page, "Cancelled");
  await expect(card(page, 2).getByRole("list", { name: "Newest lines" })).not.toBeEmpty();
  await expect(page.getByRole("button", { name: "Cancel run" })).toHaveCount(0);
});
