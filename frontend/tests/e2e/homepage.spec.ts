import { expect, expectAccessible, newAccount, picture, REPOSITORY, TASK, test } from "./support";

const account = newAccount();

test.describe.configure({ mode: "serial" });

test("an account is made on the home page", async ({ page }) => {
  await page.goto("/");
  await expectAccessible(page);
  await page.getByText("Create account").first().click();
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await page.getByLabel("Password").fill(account.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("form", { name: "New run" })).toBeVisible();

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Password")).toBeVisible();
});

test.describe("signed in", () => {
  test.beforeEach(async ({ page }) => {
    await page.goto("/login");
    await page.getByLabel("Email").fill(account.email);
    await page.getByLabel("Password").fill(account.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("form", { name: "New run" })).toBeVisible();
  });

  test("a wrong password is refused in words", async ({ page }) => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto("/login");
    await page.getByLabel("Email").fill(account.email);
    await page.getByLabel("Password").fill("Wrong-pass-1");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert").first()).not.toBeEmpty();
  });

  test("the form says at the field what is wrong, and starts nothing", async ({ page }) => {
    await page.getByRole("button", { name: "Start Generation" }).click();
    await expect(page.getByText("Enter the address of a git repository.")).toBeVisible();
    await expect(page.getByText("Say what is to be done in at least 10 characters.")).toBeVisible();

    await page.getByLabel("Prompt").fill(TASK);
    await page.getByLabel("Repository").fill("https://git.example.com/not/allowed");
    await page.getByRole("button", { name: "Start Generation" }).click();
    await expect(page.getByLabel("Repository")).toHaveAttribute("aria-invalid", "true");
    await page.getByLabel("Repository").fill(REPOSITORY.replace(/[^/]+$/, "missing.git"));
    await page.getByRole("button", { name: "Start Generation" }).click();
    await expect(page.getByLabel("Repository")).toHaveAttribute("aria-invalid", "true");
    await expectAccessible(page);
    const runs = await page.request.get("/api/v1/runs");
    expect((await runs.json()).total).toBe(0);
  });

  test("an API key is shown once, works, and is revoked", async ({ page, playwright, baseURL }) => {
    await page.goto("/settings");
    await page.getByLabel("Name").fill("laptop");
    await page.getByRole("button", { name: "Create key" }).click();
    const line = page.getByText(/export AIDEATOR_API_KEY=aid_sk_/);
    await expect(line).toBeVisible();
    await expectAccessible(page);
    const key = /aid_sk_\S+/.exec((await line.textContent()) ?? "")?.[0] ?? "";
    // A client of its own: this browser's cookie must not do the work.
    const client = await playwright.request.newContext({ ...(baseURL === undefined ? {} : { baseURL }), extraHTTPHeaders: { "X-API-Key": key } });
    expect((await client.get("/api/v1/auth/me")).status()).toBe(200);

    await page.reload();
    await expect(page.getByText("laptop")).toBeVisible();
    await expect(page.getByText(key)).toHaveCount(0);
    await page.getByRole("button", { name: "Revoke laptop" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await expect(page.getByText("No keys yet")).toBeVisible();
    expect((await client.get("/api/v1/auth/me")).status()).toBe(401);
    await client.dispose();
  });

  test("the home page is accessible in both themes and fits a narrow window", async ({ page }) => {
    await page.goto("/");
    await page.getByLabel("Repository").fill(REPOSITORY);
    await page.getByLabel("Prompt").fill(TASK);
    await expect(page.getByText(/^Reachable\. main is at [0-9a-f]{7}\.$/)).toBeVisible();
    await expectAccessible(page);
    await picture(page, "home");
    await page.getByRole("button", { name: "Switch colour theme" }).click();
    await expectAccessible(page);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  });
});
