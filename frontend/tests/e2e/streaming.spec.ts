import type { Browser, BrowserContext, Page } from "@playwright/test";
import { execFileSync, execSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { card, CHECK, CLONE, expect, expectAccessible, fact, newAccount, picture, signIn, startRun, storedLines, test, waitForEnd } from "./support";
import { Wire } from "./wire";

/** Takes the server under test away; its Deployment then starts another one. */
const RESTART = process.env.AIDEATOR_RESTART ?? `kubectl delete pod -n ${process.env.AIDEATOR_NAMESPACE ?? "aideator"} -l app.kubernetes.io/component=server --wait=false`;

test.beforeEach(({ context }) => signIn(context));

test("from a prompt to an applied patch, by mouse", async ({ page }) => {
  const run = await startRun(page);
  // Live: lines are there while it runs, without a reload.
  await expect(fact(page, "State")).toHaveText("Live");
  for (const agent of [1, 2, 3]) await expect(card(page, agent).getByText(/\d lines?/)).toBeVisible({ timeout: 60_000 });
  await expect(card(page, 1).getByRole("list", { name: "Newest lines" })).not.toBeEmpty();
  await expect(card(page, 1).getByText(/^[4-9]\d lines$/)).toBeVisible({ timeout: 60_000 });
  await expect(page).toHaveTitle(/^\d\/3 done · /);
  await picture(page, "run-live");

  await waitForEnd(page);
  await expect(fact(page, "Finished")).toHaveText("3 of 3");
  await expect(fact(page, "Stream integrity")).toHaveText(/^[\d,]+ lines, no gaps, same bytes$/);

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
  await expect(page.getByRole("row").nth(1)).toContainText("passed");
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
  await page.getByLabel("Search this log").fill(CHECK);
  await page.getByLabel("Search this log").press("Enter");
  await expect(page.getByRole("status").filter({ hasText: /^1 of \d+$/ })).toBeVisible();
  await expect(log.locator("mark").first()).toHaveText(CHECK);
  await page.getByLabel("Search this log").press("Escape");
  await page.getByRole("button", { name: "Raw", exact: true }).click();
  await page.getByRole("button", { name: "Follow" }).click();
  await expect(log.getByText(/^\{"v":1,/).first()).toBeVisible();

  // A line's address shows that line again, to whoever may see the run.
  await log.locator("[data-line]").last().click();
  await expect(page).toHaveURL(/&line=\d+$/);
  const line = new URL(page.url()).searchParams.get("line") ?? "";
  await page.reload();
  await expect(page.getByRole("button", { name: `Line ${line}` })).toBeVisible();
  await expect(log.locator(`[data-line="${line}"]`).first()).toBeInViewport();

  await page.getByRole("tab", { name: "Diff" }).click();
  await expect(page.getByRole("region", { name: /^Changes in / }).first()).toBeVisible();
  await picture(page, "run-diff");
  await expectAccessible(page);
  await page.getByRole("tab", { name: "Result" }).click();
  await expect(page.getByText(`$ ${CHECK}`)).toBeVisible();
  await expectAccessible(page);
});

/** Two agents that print for some fifteen seconds. */
const TALK = { variations: 2, prompt: "Say many lines. [[scripted: say lines=300 bytes=60 rate=20]]", checks: "" };

/** What the page has is what the server stored: as many lines, the same bytes, none missing and none twice. */
async function expectWhole(page: Page, run: string, variations: number): Promise<void> {
  const lines = (await storedLines(page, run, variations)).toLocaleString("en");
  await expect(fact(page, "Stream integrity")).toHaveText(`${lines} lines, no gaps, same bytes`);
}

/** Waits until the run is in the middle: lines come, and more are to come. */
const inTheMiddle = (page: Page) => expect(card(page, 1).getByText(/\d\d lines/)).toBeVisible({ timeout: 60_000 });

/** Does something with a page whose connection to the server can be cut. */
async function overWire(browser: Browser, baseURL: string | undefined, act: (page: Page, context: BrowserContext, wire: Wire) => Promise<void>): Promise<void> {
  const wire = await Wire.to(new URL(baseURL ?? ""));
  const context = await browser.newContext({ baseURL: wire.url });
  try {
    await act(await context.newPage(), context, wire);
  } finally {
    await context.close();
    wire.close();
  }
}

test("a cut connection is said, and costs no line", async ({ browser, baseURL }) => {
  await overWire(browser, baseURL, async (page, context, wire) => {
    await signIn(context);
    const run = await startRun(page, TALK);
    await inTheMiddle(page);
    wire.cut();
    await expect(page.getByText("Connection lost.")).toBeVisible();
    wire.mend();
    await expect(page.getByText(/^Back\. (Recovered [\d,]+ lines?, none lost|No line was missed)\.$/)).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText("Connection lost.")).toHaveCount(0);
    await waitForEnd(page);
    await expectWhole(page, run, 2);
    // Loaded anew after the end it is the same.
    await page.reload();
    await expectWhole(page, run, 2);
  });
});

test("a reload in mid-run begins with the first line and goes on with the next", async ({ page }) => {
  const run = await startRun(page, TALK);
  await inTheMiddle(page);
  await page.reload();
  await expect(fact(page, "State")).toHaveText("Live");
  await waitForEnd(page);
  await expectWhole(page, run, 2);
});

test("the server is restarted in mid-run: said, recovered, and not a line lost or twice", async ({ page }) => {
  const run = await startRun(page, TALK);
  await inTheMiddle(page);
  execSync(RESTART, { stdio: "pipe" });
  await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/^Back\. Recovered [\d,]+ lines?, none lost\.$/)).toBeVisible({ timeout: 90_000 });
  await waitForEnd(page);
  await expectWhole(page, run, 2);
});

test("five tabs on one run all show all of it", async ({ page, context }) => {
  const run = await startRun(page, TALK);
  const address = page.url();
  const others = await Promise.all([2, 3, 4, 5].map(() => context.newPage()));
  await Promise.all(others.map((tab) => tab.goto(address)));
  for (const tab of [page, ...others]) {
    await waitForEnd(tab);
    await expectWhole(tab, run, 2);
  }
});

test("a session that ends in mid-run is said, what is there stays, and signing in leads back", async ({ browser, baseURL }) => {
  await overWire(browser, baseURL, async (page, context, wire) => {
    const account = newAccount();
    for (const path of ["register", "login"]) expect((await context.request.post(`/api/v1/auth/${path}`, { data: account })).ok()).toBe(true);
    const run = await startRun(page, TALK);
    await inTheMiddle(page);
    await page.keyboard.press("2");
    const address = page.url();
    await context.clearCookies();
    wire.cut();
    wire.mend();
    await expect(page.getByText("Your session has ended.")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByRole("log").locator("[data-line]").first()).toBeVisible();
    await page.getByRole("link", { name: "Sign in again" }).click();
    await page.getByLabel("Email").fill(account.email);
    await page.getByLabel("Password").fill(account.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(address);
    await waitForEnd(page);
    await expectWhole(page, run, 2);
  });
});

test("on a phone: an agent at a time, the bar within reach, nothing that scrolls sideways", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ ...(baseURL === undefined ? {} : { baseURL }), viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  try {
    await signIn(context);
    const run = await startRun(page, { variations: 2 });
    await waitForEnd(page);
    await expectWhole(page, run, 2);
    await card(page, 1).getByRole("button", { name: "Focus agent 1" }).tap();
    const bar = page.getByRole("region", { name: "Agent 1 actions" });
    await expect(bar).toBeInViewport();
    await picture(page, "run-phone");
    await expectAccessible(page);

    // A finger goes from one agent to the next, and no further than the last; long lines are scrolled by it, and text is selected.
    const log = page.getByRole("log");
    const swipe = (from: number, to: number) =>
      log.evaluate(
        (target, [start, end]) => {
          const clientY = target.getBoundingClientRect().top + 100;
          const [down, up] = [start, end].map((clientX) => new Touch({ identifier: 1, target, clientX: clientX ?? 0, clientY }));
          if (down === undefined || up === undefined) return;
          target.dispatchEvent(new TouchEvent("touchstart", { bubbles: true, touches: [down], changedTouches: [down] }));
          target.dispatchEvent(new TouchEvent("touchend", { bubbles: true, changedTouches: [up] }));
        },
        [from, to],
      );
    const second = page.getByRole("region", { name: "Agent 2 actions" });
    await swipe(300, 120);
    await expect(second).toBeVisible();
    await swipe(300, 120);
    await expect(page).toHaveURL(/view=focus&a=2$/);
    await swipe(120, 300);
    await expect(bar).toBeVisible();
    await page.keyboard.press("w");
    await expect.poll(() => log.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeGreaterThan(100);
    await swipe(300, 120);
    await expect(page).toHaveURL(/view=focus&a=1$/);
    await page.keyboard.press("w");
    await log.evaluate((element) => window.getSelection()?.selectAllChildren(element));
    await swipe(300, 120);
    await expect(page).toHaveURL(/view=focus&a=1$/);

    await bar.getByRole("button", { name: "Next: agent 2" }).tap();
    await page.getByRole("region", { name: "Agent 2 actions" }).getByRole("button", { name: /^Select This/ }).tap();
    await expect(page.getByRole("region", { name: "Selected" })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  } finally {
    await context.close();
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
