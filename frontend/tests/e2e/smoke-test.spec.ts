import { expect, signIn, test } from "./support";

test("every page is there, named, and within its content security policy", async ({ page, context }) => {
  await signIn(context);
  for (const [path, title] of [
    ["/", "AIdeator"],
    ["/runs", "Runs · AIdeator"],
    ["/settings", "Settings · AIdeator"],
    ["/login", "Sign in · AIdeator"],
  ] as const) {
    const response = await page.goto(path);
    expect(response?.status(), path).toBe(200);
    expect(response?.headers()["content-security-policy"], path).toContain("script-src 'self' 'sha256-");
    await expect(page).toHaveTitle(title);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
});

test("what is not there is said to be missing, under /api as a problem", async ({ page }) => {
  const response = await page.goto("/nowhere");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  const api = await page.request.get("/api/v1/nowhere");
  expect(api.status()).toBe(404);
  expect(api.headers()["content-type"]).toContain("application/problem+json");
});

test("a page that needs an account leads to sign in and back", async ({ page, context }) => {
  await page.goto("/settings");
  await page.waitForURL("/login?next=%2Fsettings");
  await signIn(context);
  await page.goto("/login?next=//example.com");
  await expect(page.getByRole("heading", { name: "Sign in to AIdeator" })).toBeVisible();
});

test("the parts of the page move without loading it anew", async ({ page, context }) => {
  await signIn(context);
  await page.goto("/");
  await page.evaluate(() => Object.assign(window, { same: true }));
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  expect(await page.evaluate(() => "same" in window)).toBe(true);
});
