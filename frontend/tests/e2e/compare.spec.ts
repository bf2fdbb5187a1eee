import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { CHECK, CLONE, expect, expectAccessible, finishedRun, newAccount, picture, REPOSITORY, signIn, test, TASK, waitForEnd } from "./support";

const account = newAccount();
let finished = "";

test.beforeAll(async ({ browser, baseURL }) => {
  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  await signIn(context, account);
  finished = await finishedRun(context);
  await context.close();
});

/** The comparison of the finished run, for the account that it belongs to. */
async function openComparison(page: Page, query = ""): Promise<void> {
  const login = await page.request.post("/api/v1/auth/login", { data: account });
  expect(login.ok()).toBe(true);
  await page.goto(`/stream?run=${finished}&view=compare${query}`);
  await expect(page.getByRole("region", { name: /^Changes in / }).first()).toBeVisible();
}

const verdict = (page: Page) => page.getByRole("table", { name: "Verdict" }).getByRole("row");
const map = (page: Page) => page.getByRole("region", { name: "Agreement" }).first();

test("the evidence is side by side, best first, and cost is not part of the order", async ({ page }) => {
  await openComparison(page);
  // The scripted model repairs it as the first agent, not quite as the second, and writes words as the third.
  await expect(verdict(page).nth(1)).toContainText(/^Agent 1.*Succeeded.*passed.*untouched/s);
  for (const other of [2, 3]) await expect(verdict(page).nth(other)).toContainText("failed, exit 1");
  await expect(page.getByText("Speed never ranks.")).toBeVisible();
  await expect(map(page).getByRole("button", { name: /^agent 1: own change, plus \d+ minus \d+/ }).first()).toBeVisible();
  await expect(page.getByRole("region", { name: CHECK, exact: true })).toContainText("exit 1");
  await picture(page, "run-compare");
});

test("any two are compared with each other, unified and in two columns, and the address says which", async ({ page }) => {
  await openComparison(page);
  await page.getByLabel("From", { exact: true }).selectOption("0");
  await page.getByLabel("To").selectOption("2");
  await expect(page).toHaveURL(/&a=1&b=3$/);
  const difference = page.getByRole("region", { name: "Difference" });
  await expect(difference.getByText(/only in Agent 1/)).toBeVisible();
  const lines = () => difference.locator("td.diff-code-insert, td.diff-code-delete").count();
  await expect.poll(lines).toBeGreaterThan(0);
  const before = await lines();

  // The other way round, what was removed is added.
  const removed = await difference.locator("td.diff-code-delete").allTextContents();
  await page.getByRole("button", { name: "Swap the sides" }).click();
  await expect(page).toHaveURL(/&a=3&b=1$/);
  await expect.poll(() => difference.locator("td.diff-code-insert").allTextContents()).toEqual(removed);

  await difference.getByText("Split", { exact: true }).click();
  await expect.poll(lines).toBe(before);
  await page.reload();
  await expect(page.getByRole("radiogroup", { name: "Diff layout" }).getByLabel("Split")).toBeChecked();
  await expect(difference.getByText(/only in Agent 3/)).toBeVisible();
  await difference.getByText("Unified", { exact: true }).click();

  await page.getByRole("button", { name: "Against base" }).click();
  await expect(page).toHaveURL(/view=compare&b=1$/);
  // A cell of the map leads to its file.
  const cell = map(page).getByRole("button", { name: /^agent 3: own change/ }).first();
  await cell.click();
  await expect(page).toHaveURL(/&b=3$/);
});

test("the difference of two, applied to the one, gives the other", async ({ page }) => {
  await openComparison(page);
  const patch = async (query: string) => (await page.request.get(`/api/v1/runs/${finished}/variations/${query}`)).text();
  const run = await (await page.request.get(`/api/v1/runs/${finished}`)).json();
  const clone = mkdtempSync(join(tmpdir(), "aideator-e2e-"));
  const git = (args: string[], input?: string) => execFileSync("git", args, { cwd: clone, ...(input === undefined ? {} : { input }), encoding: "utf8" });
  try {
    execFileSync("git", ["clone", "--quiet", CLONE, clone]);
    const tree = () => {
      git(["add", "--all"]);
      return git(["write-tree"]);
    };
    git(["checkout", "--quiet", run.base_sha]);
    git(["apply"], await patch("1/patch"));
    const second = tree();
    git(["reset", "--quiet", "--hard", run.base_sha]);
    git(["apply"], await patch("0/patch"));
    git(["apply"], await patch("1/patch?from=0"));
    expect(tree()).toBe(second);
  } finally {
    rmSync(clone, { recursive: true });
  }
});

test("judged blind, nothing tells who did what until one is picked; the pick can be changed and undone", async ({ page }) => {
  await openComparison(page);
  await page.getByRole("button", { name: "Blind" }).click();
  const panel = page.getByRole("main");
  await expect(verdict(page).nth(1)).toContainText("Hidden");
  for (const told of ["scripted-small", "temp 0."]) await expect(panel.getByText(told)).toHaveCount(0);
  await expect(page.getByRole("columnheader", { name: "Time" })).toHaveCount(0);
  await expect(page.locator("main [data-agent]")).toHaveCount(0);
  await expectAccessible(page);

  await verdict(page).nth(1).getByRole("button", { name: /^Select This: candidate / }).click();
  await expect(verdict(page).nth(1)).toContainText(/^Agent 1.*Selected$/s);
  const bar = page.getByRole("region", { name: "Selected" });
  await expect(bar.getByText(/variations\/0\/patch \| git apply$/)).toBeVisible();
  await verdict(page).getByRole("button", { name: "Select This: agent 2" }).click();
  await expect(bar.getByText(/variations\/1\/patch \| git apply$/)).toBeVisible();
  await bar.getByRole("button", { name: "Undo" }).click();
  await expect(bar).toHaveCount(0);
  expect((await (await page.request.get(`/api/v1/runs/${finished}`)).json()).winning_variation_id).toBeNull();
});

test("a model's advice comes when it is asked for, and is marked as advice", async ({ page }) => {
  await openComparison(page);
  const panel = page.getByRole("region", { name: "A model’s advice" });
  await expect(panel).toContainText("You decide.");
  await panel.getByRole("button", { name: "Ask a judge" }).click();
  const places = panel.getByRole("listitem");
  await expect(places).toHaveCount(3, { timeout: 60_000 });
  // Only the first agent's result passes the check.
  await expect(places.first()).toContainText("#1");
  await expect(places.first()).toContainText("Agent 1");
  await expect(panel).toContainText("tokens");
  await expectAccessible(page);
  await page.reload();
  await expect(places.first()).toContainText("Agent 1");
});

test("a new run goes on from a result, also when the form is reloaded in between", async ({ page }) => {
  await openComparison(page);
  await page.getByRole("button", { name: "Blind" }).click();
  await expect(page.getByRole("link", { name: /^New run from the result/ })).toHaveCount(0);
  await page.getByRole("button", { name: "Blind" }).click();
  await page.getByRole("link", { name: "New run from the result of agent 1" }).click();
  await page.waitForURL(`/?base=${finished}&v=1`);
  await expect(page.getByLabel("Repository")).toHaveValue(REPOSITORY);
  await expect(page.getByLabel("Repository")).not.toBeEditable();
  await expect(page.getByLabel("Prompt")).toHaveValue("");
  await expectAccessible(page);
  await page.getByLabel("Prompt").fill("Say in README.md what is refused.");
  await page.reload();
  await expect(page.getByText(/^Starts from agent 1 of$/)).toBeVisible();
  await expect(page.getByLabel("Prompt")).toHaveValue("Say in README.md what is refused.");
  await page.getByRole("radiogroup", { name: "Variations" }).getByText("1", { exact: true }).click();
  await page.getByRole("button", { name: "Start Generation" }).click();
  await page.waitForURL(/\/stream\?run=run-/);
  await expect(page.getByRole("link", { name: "agent 1 of an earlier run" })).toHaveAttribute("href", `/stream?run=${finished}`);
  const next = new URL(page.url()).searchParams.get("run") ?? "";
  await waitForEnd(page);
  // Again is from the same result, until one says otherwise.
  await page.getByRole("link", { name: "Run again" }).click();
  await page.waitForURL(`/?again=${next}`);
  await expect(page.getByText(/^Starts from agent 1 of$/)).toBeVisible();
  await page.getByRole("button", { name: "Start from a commit instead" }).click();
  await expect(page.getByLabel("Repository")).toBeEditable();
});

test("from a prompt to a pick, by keyboard only", async ({ page, context }) => {
  await signIn(context);
  await page.goto("/");
  await expect(page.getByRole("form", { name: "New run" })).toBeVisible();
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = page.locator(":focus");
  /** Tab, until the focus is where a label says. */
  const tabTo = async (name: RegExp) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await press("Tab");
      const label = await focused.evaluate((element) => element.getAttribute("aria-label") ?? (element as HTMLInputElement).labels?.[0]?.textContent ?? element.textContent ?? "");
      if (name.test(label)) return;
    }
    throw new Error(`nothing called ${String(name)} gets the focus`);
  };
  await press("Tab");
  await expect(focused).toHaveText("Skip to content");
  await press("Enter");
  await tabTo(/^Repository/);
  await press("Control+a");
  await page.keyboard.type(REPOSITORY);
  await tabTo(/^Prompt/);
  await press("Control+a");
  await page.keyboard.type(TASK);
  await tabTo(/^3$/);
  await press("ArrowLeft", "ArrowLeft");
  await tabTo(/^Checks/);
  await page.keyboard.type(CHECK);
  await press("Control+Enter");
  await page.waitForURL(/\/stream\?run=/);
  await waitForEnd(page);

  // To the comparison by the palette, to the pick by Tab.
  await press("Control+k");
  await expect(page.getByRole("combobox", { name: "Search and commands" })).toBeFocused();
  await page.keyboard.type("compare");
  await expect(page.getByRole("option").first()).toHaveText(/Compare/);
  await press("Enter");
  await expect(page.getByRole("table", { name: "Verdict" })).toBeVisible();
  await tabTo(/^Select This: agent 1/);
  await press("Enter");
  await expect(page.getByRole("region", { name: "Selected" })).toBeVisible();
});

test("what an agent writes into files and names is text, whatever it says", async ({ page, context }) => {
  await signIn(context);
  const name = "<img src=q onerror=document.title=1>.md";
  const make = [
    `printf '<script>document.title="owned"</script>\\n\\033[31mred \\342\\200\\256 turned\\n![x](http://example.com/x.png)\\n' > '${name}'`,
    `printf x > "$(printf 'a\\342\\200\\256gpj.exe')"`,
    `printf x > 'a space.txt'`,
    `head -c 1000000 /dev/zero | tr '\\0' w > wide.txt`,
    `printf '\\0\\1' > binary`,
    `chmod +x README.md`,
  ].join("; ");
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const run = await finishedRun(context, { variations: 1, checks: [], prompt: `Make files. [[scripted: run ${make}]]` });
  await page.goto(`/stream?run=${run}&view=compare`);
  const difference = page.getByRole("region", { name: "Difference" });
  await expect(difference.getByRole("button", { name: new RegExp(`^${name.replaceAll(/[.\\]/g, "\\$&")}`) })).toBeVisible();
  for (const shown of [/a\\u202egpj\.exe/, /a space\.txt/, /wide\.txt/, /binary/]) await expect(difference.getByRole("button", { name: shown })).toBeVisible();
  await expect(difference.getByText('<script>document.title="owned"</script>')).toBeVisible();
  await expect(difference.getByText("998000 more characters")).toBeVisible();
  await expect(difference.getByText("A binary file: its content is not shown.")).toBeVisible();
  await expect(page.getByRole("main").locator("img, script, iframe, a[href^='javascript']")).toHaveCount(0);
  expect(await page.title()).not.toMatch(/^(owned|1)$/);
  const origin = new URL(page.url()).origin;
  expect(requests.filter((url) => !url.startsWith(origin) && !url.startsWith("data:"))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  await expectAccessible(page);
});
