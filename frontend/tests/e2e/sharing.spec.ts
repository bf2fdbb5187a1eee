import { card, expect, expectAccessible, finishedRun, newAccount, signIn, test } from "./support";

const account = newAccount();
let finished = "";

test.beforeAll(async ({ browser, baseURL }) => {
  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  await signIn(context, account);
  finished = await finishedRun(context, { variations: 1 });
  await context.close();
});

test.beforeEach(async ({ context }) => {
  expect((await context.request.post("/api/v1/auth/login", { data: account })).ok()).toBe(true);
});

test("a link shows the run to who has no account, and lets them change nothing, until it is revoked", async ({ page, browser }) => {
  await page.goto(`/stream?run=${finished}`);
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share this run" });
  await dialog.getByRole("button", { name: "Make a link" }).click();
  const link = (await dialog.locator("code").filter({ hasText: "share=aid_share_" }).textContent()) ?? "";
  await expectAccessible(page);

  const stranger = await browser.newContext();
  const shared = await stranger.newPage();
  await shared.goto(link);
  await expect(card(shared, 1).getByText("Succeeded")).toBeVisible();
  for (const name of [/^Select This/, "Run again", "Share", /^Retry/]) await expect(shared.getByRole("button", { name })).toHaveCount(0);
  await shared.keyboard.press("1");
  await expect(shared.getByRole("log")).toContainText("unittest");
  await shared.getByRole("tab", { name: "Diff" }).click();
  await expect(shared.getByRole("region", { name: /^Changes in / }).first()).toBeVisible();
  // What is looked at is in the address, and so is the link.
  await shared.reload();
  await expect(shared.getByRole("log")).toContainText("unittest");
  const href = (await shared.getByRole("link", { name: "Download the log" }).getAttribute("href")) ?? "";
  expect((await stranger.request.get(new URL(href, link).href)).status()).toBe(200);

  await dialog.getByRole("button", { name: /^Revoke / }).click();
  await expect(dialog.getByRole("button", { name: /^Revoke / })).toHaveCount(0);
  await shared.reload();
  await expect(shared.getByText(/unknown, expired or revoked/)).toBeVisible();
  await stranger.close();
});

test("credentials are stored, shown without their token, and deleted", async ({ page }) => {
  await page.goto("/settings");
  const form = page.getByRole("form", { name: "New credential" });
  await form.getByText("Model provider").click();
  await form.getByLabel("Key").fill("sk-not-a-real-key-0123456789");
  await form.getByRole("button", { name: "Store" }).click();
  const stored = page.getByRole("list", { name: "Credentials" });
  await expect(stored).toContainText("Provider key");
  await expect(form.getByLabel("Key")).toHaveValue("");
  expect(await page.content()).not.toContain("sk-not-a-real-key");
  await expectAccessible(page);
  await stored.getByRole("button", { name: "Delete Provider key" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("None stored.")).toBeVisible();
});
