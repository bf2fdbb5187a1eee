import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";
import { execSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";

/** The repository that agents and server reach; the same one as this host reaches it. */
export const REPOSITORY = process.env.AIDEATOR_DEMO_REPO ?? "http://aideator-demo:8080/git/parse-duration.git";
export const CLONE = process.env.AIDEATOR_DEMO_CLONE ?? "http://localhost:30080/git/parse-duration.git";
export const TASK = "Make the failing tests pass: what is not a duration must be an error, and so must overflow.";
export const CHECK = "python3 -m unittest";

export const newAccount = () => ({ email: `e2e-${randomUUID().slice(0, 13)}@example.com`, password: `Aa1-${randomUUID()}` });

/** A page that fails its test for whatever the browser complains about. */
export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        // A refusal of the API is an answer like others; each test says what it expects of it.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
      });
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

/** Makes an account and signs the browser in, without the pages for it. */
export async function signIn(context: BrowserContext, account = newAccount()): Promise<void> {
  for (const path of ["register", "login"]) {
    const response = await context.request.post(`/api/v1/auth/${path}`, { data: account });
    expect(response.ok(), `${path}: ${await response.text()}`).toBe(true);
  }
}

/** How the operator of the server under test makes an account. */
const CREATE_USER = process.env.AIDEATOR_CREATE_USER ?? `kubectl exec -i deployment/aideator -n ${process.env.AIDEATOR_NAMESPACE ?? "aideator"} -- aideator create-user`;

/** An account with the rights of an admin, made as an operator does. */
export function makeAdmin(): ReturnType<typeof newAccount> {
  const account = newAccount();
  execSync(`${CREATE_USER} ${account.email} --admin`, { input: account.password });
  return account;
}

/** What a page would send with its cookie. */
export const ORIGIN = { Origin: new URL(process.env.AIDEATOR_URL ?? "http://localhost:8000").origin };

/** Fills in the form and starts the run; returns its id. */
export async function startRun(page: Page, { prompt = TASK, variations = 3, checks = CHECK }: { prompt?: string; variations?: number; checks?: string } = {}): Promise<string> {
  await page.goto("/");
  await page.getByLabel("Repository").fill(REPOSITORY);
  await page.getByLabel("Prompt").fill(prompt);
  await page.getByRole("radiogroup", { name: "Variations" }).getByText(String(variations), { exact: true }).click();
  await page.getByLabel("Checks").fill(checks);
  await page.getByRole("button", { name: "Start Generation" }).click();
  await page.waitForURL(/\/stream\?run=run-[0-9a-f]{32}$/);
  return new URL(page.url()).searchParams.get("run") ?? "";
}

/** A run that has ended, made without the pages for it; returns its id. */
export async function finishedRun(context: BrowserContext, run: { prompt?: string; variations?: number; checks?: string[] } = {}): Promise<string> {
  const made = await context.request.post("/api/v1/runs", { headers: ORIGIN, data: { github_url: REPOSITORY, prompt: TASK, variations: 3, checks: [CHECK], ...run } });
  expect(made.status(), await made.text()).toBe(202);
  const { run_id } = (await made.json()) as { run_id: string };
  // The server ends the stream when the run has ended.
  const stream = await context.request.get(`/api/v1/runs/${run_id}/stream`, { timeout: 150_000 });
  expect(await stream.text()).toContain("event: run_complete");
  return run_id;
}

export const card = (page: Page, agent: number) => page.locator(`article[data-agent="${agent}"]`);

/** The value of one of the facts at the head of a run. */
export const fact = (page: Page, name: string) => page.locator("dl > div").filter({ has: page.getByText(name, { exact: true }) }).locator("dd");

/** Waits for the run's own end, as the page says it. */
export async function waitForEnd(page: Page, status = "Completed"): Promise<void> {
  await expect(fact(page, "State")).toHaveText(/^(Completed|Failed|Cancelled)$/, { timeout: 150_000 });
  await expect(fact(page, "State")).toHaveText(status);
}

/** Lines of the logs of a run's first `variations`, as the API has them. */
export async function storedLines(page: Page, run: string, variations: number): Promise<number> {
  let lines = 0;
  for (let variation = 0; variation < variations; variation += 1) {
    const log = await page.request.get(`/api/v1/runs/${run}/variations/${variation}/logs?format=raw`);
    expect(log.status()).toBe(200);
    lines += (await log.text()).split("\n").length - 1;
  }
  return lines;
}

/** No violation of what axe can check of WCAG 2.2 AA. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

/** A picture for the README, in `docs/screenshots`; only where `UPDATE_SCREENSHOTS` is set, so that tests leave the tree as it is. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env.UPDATE_SCREENSHOTS === undefined) return;
  await page.screenshot({ path: fileURLToPath(new URL(`../../../docs/screenshots/${name}.png`, import.meta.url)), animations: "disabled" });
}
