import type { Page } from "@playwright/test";
import { expect, expectAccessible, finishedRun, makeAdmin, newAccount, signIn, test } from "./support";

const account = newAccount();
let admin = account;
let finished = "";

test.beforeAll(async ({ browser, baseURL }) => {
  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  await signIn(context, account);
  admin = makeAdmin();
  finished = await finishedRun(context, { variations: 2 });
  await context.close();
});

test.beforeEach(async ({ context }) => {
  expect((await context.request.post("/api/v1/auth/login", { data: account })).ok()).toBe(true);
});

/** Every page with the state that it is looked at in. */
const PAGES: readonly { name: string; as?: () => typeof account; path: () => string; ready: (page: Page) => Promise<void> }[] = [
  { name: "home", path: () => "/", ready: (page) => expect(page.getByRole("form", { name: "New run" })).toBeVisible() },
  { name: "runs", path: () => "/runs", ready: (page) => expect(page.getByRole("listitem").first()).toBeVisible() },
  { name: "no such run", path: () => "/runs?q=nothing-like-it", ready: (page) => expect(page.getByText("No such run")).toBeVisible() },
  { name: "settings", path: () => "/settings", ready: (page) => expect(page.getByText("No keys yet")).toBeVisible() },
  { name: "sign in", path: () => "/login?next=/runs&ended=1", ready: (page) => expect(page.getByLabel("Password")).toBeVisible() },
  { name: "no such page", path: () => "/nowhere", ready: (page) => expect(page.getByRole("heading", { level: 1 })).toBeVisible() },
  { name: "admin's users", as: () => admin, path: () => "/admin", ready: (page) => expect(page.getByRole("row").nth(2)).toBeVisible() },
  { name: "admin's runs", as: () => admin, path: () => "/admin?tab=runs", ready: (page) => expect(page.getByRole("row").nth(1)).toBeVisible() },
  { name: "admin's usage", as: () => admin, path: () => "/admin?tab=usage", ready: (page) => expect(page.getByRole("row").nth(1)).toBeVisible() },
  { name: "admin's invitations", as: () => admin, path: () => "/admin?tab=invitations", ready: (page) => expect(page.getByRole("form", { name: "New invitation" })).toBeVisible() },
  { name: "admin's audit log", as: () => admin, path: () => "/admin?tab=audit", ready: (page) => expect(page.getByRole("row").nth(1)).toBeVisible() },
  { name: "no admin", path: () => "/admin", ready: (page) => expect(page.getByText("This page is for admins")).toBeVisible() },
  { name: "comparison", path: () => `/stream?run=${finished}&view=compare&a=1&b=2`, ready: (page) => expect(page.getByRole("region", { name: /^Changes in / }).first()).toBeVisible() },
];

for (const { name, as, path, ready } of PAGES) {
  test(`${name}: in both themes, on a phone, and at 320 px`, async ({ page }) => {
    if (as !== undefined) expect((await page.request.post("/api/v1/auth/login", { data: as() })).ok()).toBe(true);
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.goto(path());
    await ready(page);
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await expectAccessible(page);
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 700 });
      await ready(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `at ${width} px`).toBeLessThanOrEqual(width);
    }
    await expectAccessible(page);
    // Nothing moves for who asked for stillness.
    const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === "running").length);
    expect(moving).toBe(0);
  });
}

test("the palette and the list of keys: accessible, and the focus comes back", async ({ page }) => {
  await page.goto("/runs");
  await expect(page.getByRole("listitem").first()).toBeVisible();
  await page.getByLabel("State").focus();
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Search and commands" });
  await expect(palette.getByRole("option", { name: /Completed/ })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(palette).toHaveCount(0);
  await expect(page.getByLabel("State")).toBeFocused();

  // `?` is a letter in a field, and a key elsewhere.
  await page.getByLabel("Search runs").pressSequentially("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByLabel("Search runs").fill("");
  await page.getByRole("main").focus();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard" });
  await expectAccessible(page);
  await help.getByLabel("Single-key shortcuts").uncheck();
  await help.getByRole("button", { name: "Close" }).click();
  await page.getByRole("main").focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a run is found in the palette, from anywhere", async ({ page }) => {
  await page.goto("/settings");
  await page.getByRole("button", { name: "Search and commands" }).click();
  await page.keyboard.type("failing tests pass");
  await page.getByRole("option", { name: /Completed/ }).first().click();
  await page.waitForURL(`/stream?run=${finished}`);
});
