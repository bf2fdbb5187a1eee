import { CHECK, expect, expectAccessible, picture, REPOSITORY, signIn, test, TASK } from "./support";

test.beforeEach(({ context }) => signIn(context));

test("an empty account finds an example, and what one types outlives a reload", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByLabel("Repository")).toHaveValue("https://github.com/octocat/Hello-World");
  await expect(page.getByLabel("Prompt")).toHaveValue("Analyze this repository and describe what it does");
  await page.getByLabel("Prompt").fill(TASK);
  await page.getByLabel("Checks").fill(CHECK);
  await page.getByRole("radiogroup", { name: "Variations" }).getByText("2", { exact: true }).click();
  await page.getByLabel("Instructions for agent 2 alone").fill("Make it small");
  await page.reload();
  await expect(page.getByLabel("Prompt")).toHaveValue(TASK);
  await expect(page.getByLabel("Checks")).toHaveValue(CHECK);
  await expect(page.getByLabel("Instructions for agent 2 alone")).toHaveValue("Make it small");
  await expect(page.getByText("job.batch/agent-run-…-1")).toBeVisible();
});

test("the repository is asked while one types, with its branches", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Repository").fill(REPOSITORY);
  await expect(page.getByText(/^Reachable\. main is at [0-9a-f]{7}\.$/)).toBeVisible();
  const branches = page.locator(`datalist[id="${await page.getByLabel("Branch, tag or commit").getAttribute("list")}"] option`);
  await expect(branches.filter({ has: page.locator("xpath=self::*[@value='v0-api']") })).toHaveCount(1);
  await page.getByLabel("Branch, tag or commit").fill("v0-api");
  await expect(page.getByText(/^Reachable\. v0-api is at [0-9a-f]{7}\.$/)).toBeVisible();
  await page.getByLabel("Branch, tag or commit").fill("no-such-branch");
  await expect(page.getByLabel("Branch, tag or commit")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Branch, tag or commit").fill("");
  await page.getByLabel("Repository").fill(REPOSITORY.replace(/[^/]+$/, "missing.git"));
  await expect(page.getByRole("status").filter({ hasText: "missing.git" }).or(page.locator(".text-semantic-error-ink").first())).toBeVisible();
});

test("the form says at the field what is wrong, and starts nothing", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Repository").fill("");
  await page.getByLabel("Prompt").fill("");
  await page.getByLabel("Temperature of agent 1").fill("7");
  await page.getByLabel("Cost limit").fill("much");
  await page.getByRole("button", { name: "Start Generation" }).click();
  for (const words of ["Enter the address of a git repository.", "Say what is to be done in at least 10 characters.", "A number from 0 to 2.", "US dollars, such as 1.50."]) {
    await expect(page.getByText(words)).toBeVisible();
  }
  await expectAccessible(page);
  await page.getByLabel("Temperature of agent 1").fill("");
  await page.getByLabel("Cost limit").fill("");
  await page.getByLabel("Prompt").fill(TASK);
  await page.getByLabel("Repository").fill("https://git.example.com/not/allowed");
  await page.getByRole("button", { name: "Start Generation" }).click();
  await expect(page.getByLabel("Repository")).toHaveAttribute("aria-invalid", "true");
  const runs = await page.request.get("/api/v1/runs");
  expect((await runs.json()).total).toBe(0);
});

test("each variation gets its own settings; the run is found, cancelled, and started again with changes", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Repository").fill(REPOSITORY);
  await page.getByLabel("Prompt").fill("Take your time, please. [[scripted: slow]]");
  await page.getByRole("radiogroup", { name: "Variations" }).getByText("2", { exact: true }).click();
  await page.getByLabel("Temperature of agent 1").fill("0.2");
  await page.getByLabel("Instructions for agent 2 alone").fill("Make it small");
  await page.getByLabel("Time limit").fill("5");
  await page.getByRole("button", { name: "Start Generation" }).click();
  await page.waitForURL(/\/stream\?run=run-/);
  const id = new URL(page.url()).searchParams.get("run") ?? "";
  const run = await (await page.request.get(`/api/v1/runs/${id}`)).json();
  expect(run.variations).toMatchObject([{ temperature: 0.2 }, { instructions: "Make it small" }]);

  await page.goto("/runs");
  await page.getByLabel("Search runs").fill("nothing like it");
  await expect(page.getByText("No such run")).toBeVisible();
  await page.getByLabel("Search runs").fill("take your TIME");
  await expect(page).toHaveURL("/runs?q=take+your+TIME");
  const row = page.getByRole("listitem").filter({ hasText: "Take your time" });
  await row.getByRole("button", { name: "Cancel run" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel run" }).click();
  await expect(row).toContainText("Cancelled", { timeout: 60_000 });
  await page.getByLabel("State").selectOption("Completed");
  await expect(page.getByText("No such run")).toBeVisible();
  await page.getByLabel("State").selectOption("Cancelled");

  await row.getByRole("link", { name: "Run again with changes" }).click();
  await expect(page.getByLabel("Prompt")).toHaveValue(/^Take your time/);
  await expect(page.getByLabel("Temperature of agent 1")).toHaveValue("0.2");
  await expect(page.getByLabel("Instructions for agent 2 alone")).toHaveValue("Make it small");
  await expect(page.getByLabel("Time limit")).toHaveValue("5");

  // What cannot be gone on from is said where it is named.
  await page.goto(`/?base=${id}&v=2`);
  await page.getByLabel("Prompt").fill(TASK);
  await page.getByRole("button", { name: "Start Generation" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "left no patch" })).toBeVisible();
  await expect(page).toHaveURL(`/?base=${id}&v=2`);
});

test("the home page is accessible in both themes and fits a narrow window", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Repository").fill(REPOSITORY);
  await page.getByLabel("Prompt").fill(TASK);
  await page.getByLabel("Checks").fill(CHECK);
  await expect(page.getByText(/^Reachable\. main is at [0-9a-f]{7}\.$/)).toBeVisible();
  await expectAccessible(page);
  await picture(page, "home");
  await page.getByRole("button", { name: "Switch colour theme" }).click();
  await expectAccessible(page);
  await page.setViewportSize({ width: 320, height: 640 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
});
