import type { Page } from "@playwright/test";
import { expect, expectAccessible, makeAdmin, newAccount, ORIGIN, REPOSITORY, signIn, test, TASK } from "./support";

test("an account is made, left, and entered again", async ({ page }) => {
  const account = newAccount();
  await page.goto("/");
  await page.getByText("Create account").first().click();
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Password").fill(account.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("form", { name: "New run" })).toBeVisible();

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Password")).toBeVisible();
  expect((await page.request.get("/api/v1/auth/me")).status()).toBe(401);

  await page.goto("/login?next=/settings");
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password").fill("Wrong-pass-1");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").first()).not.toBeEmpty();
  await page.getByLabel("Password").fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("/settings");
  await expect(page.getByRole("region", { name: "Account", exact: true })).toContainText(account.email);
});

test("an invitation comes by its link, stays in no address, and goes along with the new account", async ({ page }) => {
  // This server is open; what one that needs invitations does is for tests/it/invitations.rs.
  await page.route("**/api/v1/auth/registration", (route) => route.fulfill({ json: { registration: "invitation" } }));
  const account = newAccount();
  const token = `aid_invite_${"A".repeat(43)}`;
  await page.goto("/login");
  await page.getByText("Create account").first().click();
  await expect(page.getByLabel("Invitation")).toHaveValue("");
  await expect(page.getByRole("button", { name: "Create account" })).toBeDisabled();
  await page.goto(`/login?next=/settings#invitation=${token}`);
  await expect(page.getByLabel("Invitation")).toHaveValue(token);
  expect(page.url()).not.toContain("invitation");
  await expectAccessible(page);
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password").fill(account.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "ask whoever sent it" })).toBeVisible();

  let sent: unknown;
  await page.route("**/api/v1/auth/register", (route) => {
    sent = route.request().postDataJSON();
    return route.continue({ postData: JSON.stringify(account) });
  });
  await page.getByLabel("Invitation").fill(`https://aideator.example.org/login#invitation=${token}`);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL("/settings");
  expect(sent).toEqual({ ...account, invitation: token });
});

test("a server that takes no new accounts says so before a form is filled in", async ({ page }) => {
  await page.route("**/api/v1/auth/registration", (route) => route.fulfill({ json: { registration: "closed" } }));
  await page.goto("/login");
  await page.getByText("Create account").first().click();
  await expect(page.getByText("takes no new accounts")).toBeVisible();
  await expect(page.getByRole("button", { name: "Create account" })).toBeDisabled();
  await page.getByText("Sign in", { exact: true }).first().click();
  await expect(page.getByText("takes no new accounts")).toHaveCount(0);
});

test("an API key is shown once, may what it was given, and is revoked", async ({ page, context, playwright, baseURL }) => {
  await signIn(context);
  await page.goto("/settings");
  await page.getByLabel("Name", { exact: true }).fill("laptop");
  await page.getByLabel("start and select").uncheck();
  await page.getByLabel("cancel", { exact: true }).uncheck();
  await page.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog", { name: "Your new API key" });
  const line = dialog.getByText(/export AIDEATOR_API_KEY=aid_sk_/);
  const key = /aid_sk_\S+/.exec((await line.textContent()) ?? "")?.[0] ?? "";
  await expect(dialog.getByText(`curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" ${new URL(page.url()).origin}/api/v1/runs`)).toBeVisible();
  await expectAccessible(page);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await dialog.getByRole("button", { name: "Copy the key" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`export AIDEATOR_API_KEY=${key}`);

  // A client of its own: this browser's cookie must not do the work.
  const client = await playwright.request.newContext({ ...(baseURL === undefined ? {} : { baseURL }), extraHTTPHeaders: { "X-API-Key": key } });
  expect((await client.get("/api/v1/runs")).status()).toBe(200);
  expect((await client.post("/api/v1/runs", { data: { github_url: "https://github.com/a/b", prompt: TASK } })).status()).toBe(403);

  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByText(key)).toHaveCount(0);
  await page.reload();
  const row = page.getByRole("list", { name: "API keys" }).getByRole("listitem");
  await expect(row).toContainText("laptop");
  await expect(row).toContainText("read runs · made now");
  await row.getByRole("button", { name: "Revoke laptop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("No keys yet")).toBeVisible();
  expect((await client.get("/api/v1/runs")).status()).toBe(401);
  await client.dispose();
});

test("a webhook's secret is shown once, and a ping's failure is said", async ({ page, context }) => {
  await signIn(context);
  await page.goto("/settings");
  const form = page.getByRole("form", { name: "New webhook" });
  await form.getByLabel("Address").fill("https://127.0.0.1/hook");
  await form.getByRole("button", { name: "Add" }).click();
  await expect(form.getByText(/private addresses/)).toBeVisible();
  // A name that resolves without a network, and to where nothing is sent.
  await form.getByLabel("Address").fill("https://localhost/hook?token=x");
  await form.getByLabel("Note").fill("CI");
  await form.getByRole("button", { name: "Add" }).click();
  const dialog = page.getByRole("dialog", { name: "The webhook’s secret" });
  const secret = (await dialog.getByText(/^whsec_/).textContent()) ?? "";
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  const hooks = page.getByRole("list", { name: "Webhooks" });
  await expect(hooks).toContainText("Nothing was sent yet");
  await hooks.getByRole("button", { name: "Test localhost/hook" }).click();
  await expect(hooks).toContainText(/Ping failed now: the host does not resolve, or to private addresses/);
  await expectAccessible(page);
  await hooks.getByRole("button", { name: "Delete localhost/hook" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("No webhooks yet.")).toBeVisible();
});

test("a new password ends the sessions elsewhere, and this one goes on", async ({ page, context, browser, baseURL }) => {
  const account = newAccount();
  await signIn(context, account);
  const elsewhere = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  expect((await elsewhere.request.post("/api/v1/auth/login", { data: account })).ok()).toBe(true);
  await page.goto("/settings");
  const form = page.getByRole("form", { name: "New password" });
  const change = form.getByRole("button", { name: "Change password" });
  const next = newAccount().password;
  await form.getByLabel("Current password").fill("Wrong-pass-1");
  await form.getByLabel("New password").fill(next);
  await change.click();
  await expect(form.getByRole("alert")).toContainText("password");
  await form.getByLabel("Current password").fill(account.password);
  await form.getByLabel("New password").fill("short");
  await change.click();
  await expect(form.getByRole("alert")).not.toBeEmpty();
  await expectAccessible(page);
  await form.getByLabel("New password").fill(next);
  await change.click();
  await expect(form.getByRole("status")).toContainText("Changed.");
  await expect(form.getByLabel("New password")).toHaveValue("");
  expect((await page.request.get("/api/v1/auth/me")).status()).toBe(200);
  expect((await elsewhere.request.get("/api/v1/auth/me")).status()).toBe(401);
  expect((await elsewhere.request.post("/api/v1/auth/login", { data: { ...account, password: next } })).ok()).toBe(true);
  await elsewhere.close();
});

test("the session's end is said, and one comes back to where one was", async ({ page, context }) => {
  const account = newAccount();
  await signIn(context, account);
  await page.goto("/runs?status=completed");
  await expect(page.getByLabel("State")).toHaveValue("completed");
  await context.clearCookies();
  // Whatever asks the server next finds out.
  await page.getByLabel("Search runs").fill("tests");
  await page.waitForURL(/\/login\?next=.+&ended=1$/);
  await expect(page.getByText("Your session ended.")).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password").fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("/runs?status=completed&q=tests");
  await expect(page.getByText("No such run")).toBeVisible();
});

test("a session that ends in the middle of the form costs no word of it", async ({ page, context }) => {
  const account = newAccount();
  await signIn(context, account);
  await page.goto("/");
  await page.getByLabel("Prompt").fill(TASK);
  await context.clearCookies();
  await page.getByRole("button", { name: "Start Generation" }).click();
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password").fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Prompt")).toHaveValue(TASK);
});

/** Where an account is in the list of what was used: by day, and on a day the oldest account first. */
async function usagePageOf(page: Page, email: string): Promise<number> {
  for (let at = 1; ; at += 1) {
    const answer = await page.request.get(`/api/v1/admin/usage?days=30&per_page=20&page=${at}`);
    const { items, pages } = (await answer.json()) as { items: { email: string }[]; pages: number };
    if (items.some((used) => used.email === email)) return at;
    expect(at, `${email} has used nothing`).toBeLessThan(pages);
  }
}

test("an admin sees accounts, runs and use, and ends what is to end; nobody else does", async ({ page, browser, baseURL }) => {
  const account = newAccount();
  const user = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  await signIn(user, account);
  const made = await user.request.post("/api/v1/runs", { headers: ORIGIN, data: { github_url: REPOSITORY, prompt: "Take your time. [[scripted: slow]]", variations: 1 } });
  const run = `/api/v1/runs/${((await made.json()) as { run_id: string }).run_id}`;
  const other = await user.newPage();
  await other.goto("/admin");
  await expect(other.getByText(`This page is for admins of this server, and ${account.email} is none.`)).toBeVisible();
  await expect(other.getByRole("link", { name: "Admin", exact: true })).toHaveCount(0);

  const admin = makeAdmin();
  expect((await page.request.post("/api/v1/auth/login", { data: admin })).ok()).toBe(true);
  await page.goto("/runs");
  await page.getByRole("link", { name: "Admin", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: account.email });
  await expect(page.getByRole("row").filter({ hasText: admin.email })).not.toContainText("Disable");
  await row.getByRole("button", { name: `Disable ${account.email}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await expect(row).toContainText("Disabled now");
  expect((await user.request.get(run)).status()).toBe(401);

  await page.getByRole("tab", { name: "Runs" }).click();
  await expect(page).toHaveURL("/admin?tab=runs");
  await row.getByRole("button", { name: /^Cancel run-/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel run" }).click();
  await expect(row).toContainText("Cancelled", { timeout: 60_000 });
  await page.getByRole("tab", { name: "Usage" }).click();
  await expect(page.getByRole("table", { name: "Usage by user and day" })).toBeVisible();
  await page.goto(`/admin?tab=usage&page=${await usagePageOf(page, account.email)}`);
  await expect(row.getByRole("cell").nth(1)).toHaveText(/1$/);

  await page.getByRole("tab", { name: "Audit" }).click();
  await page.getByLabel("Event", { exact: true }).selectOption("Run cancelled");
  await expect(row).toContainText(run.slice(run.lastIndexOf("/") + 1));

  await page.getByRole("tab", { name: "Users" }).click();
  await row.getByRole("button", { name: `Enable ${account.email}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Enable" }).click();
  await expect(row).toContainText("Enabled");
  expect((await user.request.post("/api/v1/auth/login", { data: account })).ok()).toBe(true);
  const [variation] = (await (await user.request.get(run)).json()).variations;
  expect(variation.reason).toBe("cancelled_by_admin");
  await user.close();
});

test("an admin invites by a link that is shown once, and it makes one account", async ({ page, browser, baseURL }) => {
  expect((await page.request.post("/api/v1/auth/login", { data: makeAdmin() })).ok()).toBe(true);
  await page.goto("/admin?tab=invitations");
  const guest = newAccount();
  const form = page.getByRole("form", { name: "New invitation" });
  await form.getByLabel("Email").fill("nobody");
  await form.getByRole("button", { name: "Invite" }).click();
  await expect(form.getByLabel("Email")).toHaveAttribute("aria-invalid", "true");
  await form.getByLabel("Email").fill(guest.email);
  await form.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog", { name: `The invitation for ${guest.email}` });
  const link = (await dialog.getByText(/^http.+#invitation=aid_invite_/).textContent()) ?? "";
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByText(link)).toHaveCount(0);
  const row = page.getByRole("row").filter({ hasText: guest.email });
  await expect(row).toContainText("Open");

  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  const other = await context.newPage();
  await other.goto(new URL(link).pathname + new URL(link).hash);
  await other.getByLabel("Email").fill(guest.email);
  await other.getByLabel("Password").fill(guest.password);
  await other.getByRole("button", { name: "Create account" }).click();
  await expect(other.getByRole("form", { name: "New run" })).toBeVisible();
  await context.close();
  await page.reload();
  await expect(row).toContainText("Used");
  await expect(row.getByRole("button")).toHaveCount(0);

  await form.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "I have copied it" }).click();
  const anybody = page.getByRole("row").filter({ hasText: "anybody" }).first();
  await anybody.getByRole("button", { name: "Revoke the invitation for anybody" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(anybody).toContainText("Revoked");
});
