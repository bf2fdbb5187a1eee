import type { Page } from "@playwright/test";
import { newRun, now, Replay } from "./replay";
import { ago, badEnds, BEGAN, fiveStates, PATCH } from "./scenes";
import { fiveResults, NOT_PUSHED, publication } from "./scenes-done";
import { card, expect, expectAccessible, fact, picture, test } from "./support";

/* States that a cluster passes through quickly, or not on demand, played by a script in front of the real page. */

// Many checks of accessibility on few cores.
test.describe.configure({ timeout: 300_000 });

let replay: Replay;

const play = async (baseURL: string | undefined, variations: number) => {
  replay = await Replay.start(baseURL ?? "", newRun(variations, { created_at: new Date(Date.now() - BEGAN * 1000).toISOString() }));
};
test.afterEach(() => replay.close());

const address = (more = "") => `${replay.url}/stream?run=${replay.run.run_id}${more}`;

const expectNoSideways = async (page: Page) => {
  const [clientWidth, scrollWidth] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth] as const);
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
};

test("five agents in five states, on any screen, in both themes", async ({ page, baseURL }) => {
  await play(baseURL, 5);
  fiveStates(replay);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(address());
  await expect(card(page, 1).getByText("Testing")).toBeVisible();
  await expect(card(page, 2).getByText("passed")).toBeVisible();
  await expect(card(page, 3).getByText("The model is writing")).toBeVisible();
  await expect(card(page, 4).getByText("Waiting for its container")).toBeVisible();
  // Kubernetes' own word first, then what can be done.
  await expect(card(page, 5)).toContainText(/Unschedulable.*0\/3 nodes are available.*It starts by itself/);
  await expect(page.getByRole("img", { name: /^Agent 5: queued \d+ s, now queued \(Unschedulable\)$/ })).toBeVisible();
  await expect(page).toHaveTitle(/^1\/5 done · /);
  await picture(page, "run-states");
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    for (const width of [1440, 1024, 390, 320]) {
      await page.setViewportSize({ width, height: 900 });
      await expectAccessible(page);
      await expectNoSideways(page);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press("2");
    for (const tab of ["Result", "Activity", "Diff", "Log"]) {
      await page.getByRole("tab", { name: tab }).click();
      await expectAccessible(page);
    }
    await page.setViewportSize({ width: 320, height: 640 });
    await expectAccessible(page);
    await expectNoSideways(page);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press("g");
  }
});

test("bad ends say their cause first, and gaps are counted and shown where they are", async ({ page, baseURL }) => {
  await play(baseURL, 3);
  badEnds(replay);
  replay.end("failed");
  await page.goto(address());
  await expect(card(page, 1)).toContainText(/OOMKilled.*more than 1Gi.*Raise agents\.resources\.limits\.memory.*could not compile/);
  await expect(card(page, 2)).toContainText(/Cancelled.*no check has run.*partial, 1 file/);
  await expect(card(page, 3)).toContainText("PodDeleted");
  await expect(fact(page, "Stream integrity")).toHaveText("14 lines, 1 gap, same bytes");
  await page.getByRole("button", { name: "14 lines, 1 gap, same bytes" }).click();
  await expect(page.getByRole("region", { name: "Stream integrity" }).getByRole("row").nth(3)).toContainText("1 gap (120 lines)");
  await expect(page).toHaveTitle(/^Failed · /);
  await picture(page, "run-failed");
  await expectAccessible(page);
  await page.keyboard.press("3");
  await expect(page.getByRole("log").getByText("120 lines unavailable.")).toBeVisible();
  await expectAccessible(page);
});

test("bytes that are not the server's are said to differ", async ({ page, baseURL }) => {
  await play(baseURL, 1);
  replay.status(0, "running");
  replay.line(0, "one").flush();
  replay.complete(0, "succeeded", { sha256: "0".repeat(64) });
  replay.end();
  await page.goto(address());
  await expect(fact(page, "Stream integrity")).toHaveText("1 line, no gaps, 1 log differs");
});

test("a place in the queue, and what is spent of what may be, are said in words", async ({ page, baseURL }) => {
  await play(baseURL, 2);
  replay.run.limits.max_run_cost_usd = 0.25;
  replay.run.spent_usd = 0.2612;
  replay.status(0, "queued", { reason: "WaitingForTurn", message: "All places are taken.", position: 3 });
  replay.status(1, "cancelled", { reason: "budget_exceeded", message: "the run's variations have spent $0.2612 together, and may spend $0.25 (max_run_cost_usd)" });
  await page.goto(address());
  await expect(card(page, 1)).toContainText("Waiting for its turn, number 3 in the queue");
  await expect(card(page, 2)).toContainText(/Out of budget.*budget_exceeded.*may spend \$0\.25/);
  await expect(fact(page, "Cost")).toHaveText("$0.26 of $0.25");
  await expectAccessible(page);
});

test("a run names the one that it follows, and those that follow it", async ({ page, baseURL }) => {
  await play(baseURL, 1);
  const [before, after] = ["run-0198a7c41e5b7d2084c1f0a9b6d3e700", "run-0198a7c41e5b7d2084c1f0a9b6d3e799"];
  replay.run.base = { run_id: before, variation_id: 1, attempt: 0 };
  replay.run.follow_ups = [{ run_id: after, variation_id: 0 }];
  await page.goto(address());
  await expect(page.getByRole("link", { name: "agent 2 of an earlier run" })).toHaveAttribute("href", `/stream?run=${before}`);
  await expect(page.getByRole("link", { name: "a run from agent 1" })).toHaveAttribute("href", `/stream?run=${after}`);
  await expectAccessible(page);
});

test("with the keyboard alone: views, agents, search, a line's link, pause, the timeline", async ({ page, baseURL }) => {
  await play(baseURL, 5);
  fiveStates(replay);
  await page.goto(address());
  await expect(fact(page, "State")).toHaveText("Live");
  await page.keyboard.press("2");
  const log = page.getByRole("log", { name: "Agent 2 output" });
  await expect(log).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("overflow");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status").filter({ hasText: /^1 of [1-9]\d*$/ })).toBeVisible();
  await expect(page).toHaveURL(/&line=\d+$/);
  await page.keyboard.press("Escape");
  await page.getByLabel("Search this log").blur();
  const before = page.url();
  await page.keyboard.press("k");
  await expect(page).not.toHaveURL(before);
  await page.keyboard.press("End");
  await expect(page.getByRole("button", { name: "Follow" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("d");
  await expect(page.getByRole("tab", { name: "Diff" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("s");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await page.keyboard.press("g");
  await page.keyboard.press(".");
  await expect(page.getByText("Updates paused.")).toBeVisible();
  replay.line(2, "while paused").flush();
  await expect(page.getByText("1 new line kept.")).toBeVisible();
  await expect(page.getByText("while paused")).toHaveCount(0);
  await page.keyboard.press(".");
  await expect(card(page, 3).getByText("while paused")).toBeVisible();
  // Paused and resumed at once, before anything of it is drawn.
  await page.evaluate(() => {
    for (let press = 0; press < 2; press += 1) window.dispatchEvent(new KeyboardEvent("keydown", { key: ".", bubbles: true }));
  });
  replay.line(2, "after both").flush();
  await expect(card(page, 3).getByText("after both")).toBeVisible();

  // Back in time: every log as it was then.
  const axis = page.getByRole("slider", { name: "Time that the logs are shown at" });
  await axis.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+ArrowRight");
  await expect(page.getByText("The logs below are shown at")).toBeVisible();
  await expect(card(page, 1).getByText("running 9 tests")).toHaveCount(0);
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(card(page, 1).getByText("running 9 tests")).toBeVisible();

  // Whoever dictates switches single keys off.
  await page.evaluate(() => localStorage.setItem("aideator.keys", "off"));
  await page.keyboard.press("f");
  await expect(log).toHaveCount(0);
});

test("whatever an agent prints, names a file, or is asked: nothing runs, nothing loads, nothing breaks", async ({ page, baseURL }) => {
  const html = `<img src="https://evil.example/x.png" onerror="window.owned=1"><script>window.owned=1</script><a href="javascript:window.owned=1">click</a>`;
  const ansi = "\u001b[2J\u001b[31mred\u001b[0m \u001b]8;;javascript:window.owned=1\u0007link\u001b]8;;\u0007 \u001b]0;owned\u0007";
  const hidden = "user\u202Etxt.exe\u2066 \u200b\u0007 ![pixel](https://evil.example/pixel.png) [x](javascript:window.owned=1)";
  await play(baseURL, 2);
  replay.run.prompt = `${html} ${hidden} ${"W".repeat(400)}`;
  replay.status(0, "queued", { reason: html, message: html + hidden, hint: html });
  replay.status(1, "running");
  replay.line(1, html).line(1, ansi).line(1, hidden).line(1, "x".repeat(1 << 20)).line(1, `{"v":1,"seq":1,"type":"text","delta":7}`);
  for (const type of ["text", "reasoning"]) replay.say(1, { type, delta: `${html}\n${hidden}\n${"W".repeat(30_000)}\n` });
  replay.say(1, { type: "tool_call", id: "1", name: html, arguments: JSON.stringify({ command: html }) });
  replay.say(1, { type: "tool_result", id: "1", ok: false, output: `${html}\n${ansi}\n${hidden}`, truncated: true });
  replay.say(1, { type: "status", step: "check", message: html });
  replay.say(1, { type: "check", command: html, exit_code: 1, seconds: 1, output_tail: html + ansi });
  replay.say(1, { type: html });
  replay.say(1, { type: "finished", outcome: "succeeded", summary: html + hidden }).flush();
  replay.patches.set(1, PATCH.replaceAll("src/error.rs", `${"d/".repeat(120)}<img src=x onerror=window.owned=1>\u202Egnp.rs`).replace("Overflow,", `${html}${"W".repeat(3000)}`));
  replay.complete(1, "succeeded", { patch: { files: 2, additions: 3, deletions: 1 } });

  const asked: string[] = [];
  const own = replay.url;
  page.on("request", (request) => {
    if (!request.url().startsWith(own) && !request.url().startsWith("data:")) asked.push(request.url());
  });
  const calm = async () => {
    expect(await page.evaluate(() => "owned" in window)).toBe(false);
    await expect(page.locator('main img, main script, main a[href^="javascript"]')).toHaveCount(0);
    await expectNoSideways(page);
    expect(asked).toEqual([]);
  };
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(address());
    await expect(card(page, 2).getByText("Succeeded")).toBeVisible();
    await calm();
    await page.keyboard.press("2");
    await expect(page.getByRole("log").getByText("window.owned").first()).toBeVisible();
    await calm();
    await page.keyboard.press("r");
    await page.keyboard.press("w");
    await page.getByRole("log").evaluate((log) => (log.scrollTop = 0));
    await expect(page.getByRole("log").locator("[data-line]").first()).toBeVisible();
    await calm();
    for (const tab of ["Result", "Activity", "Diff"]) {
      await page.getByRole("tab", { name: tab }).click();
      await expect(page.getByRole("tabpanel")).toContainText(tab === "Diff" ? "checked_add" : "<img");
      await calm();
    }
    await expect(fact(page, "Stream integrity")).toContainText("no gaps");
  }
  expect(await page.title()).toContain("<img src=");
  await expectAccessible(page);
});

test("the connection breaks and comes back: a banner, then what was recovered", async ({ page, baseURL }) => {
  await play(baseURL, 1);
  replay.status(0, "running");
  replay.say(0, { type: "text", delta: "one\n" }).flush();
  await page.goto(address());
  await expect(card(page, 1).getByText("one")).toBeVisible();
  // What is printed now does not reach the page before its next connection.
  replay.cut();
  for (const delta of ["two\n", "three\n"]) replay.say(0, { type: "text", delta }, now());
  replay.flush();
  await expect(page.getByText("Back. Recovered 2 lines, none lost.")).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
  replay.complete(0, "succeeded");
  replay.end();
  await expect(fact(page, "Stream integrity")).toHaveText("3 lines, no gaps, same bytes");
});

test("Jobs that were deleted: their results are there, and it is said that kubectl finds nothing", async ({ page, baseURL }) => {
  await play(baseURL, 5);
  fiveResults(replay);
  for (const { timings } of replay.run.variations) timings.job_deleted_at = ago(5);
  await page.goto(address());
  await expect(page.getByText("Jobs deleted now, results and logs are stored")).toBeVisible();
  await expect(card(page, 1)).toContainText("stored");
  await expect(page.getByText("Follow agent 1, no longer: its Job is gone")).toBeVisible();
  await expect(page.getByText("The stored log of agent 1")).toBeVisible();
  await expectAccessible(page);
  // What can be copied is what works: the stored log, not kubectl.
  await expect(card(page, 2).getByRole("button", { name: /^Copy: curl -fsS .*\/variations\/1\/logs$/ })).toBeVisible();
  await page.keyboard.press("2");
  await expect(page.getByRole("log", { name: "Agent 2 output" })).toContainText("compound_units_add_up");
  await expect(page.getByRole("button", { name: "Copy the command for the stored log" })).toBeVisible();
});

test("judged blind, nothing on the page says who did what until one is selected", async ({ page, baseURL }) => {
  await play(baseURL, 5);
  fiveResults(replay);
  const models = ["scripted-small", "scripted-large", "gpt-4o-mini", "claude-sonnet-4", "deepseek-chat"];
  // A log tells it, too.
  replay.run.variations.forEach(({ variation_id, model }) => replay.line(variation_id, `I am ${model ?? ""}`).flush());
  await page.goto(address());
  await expect(card(page, 1).getByText("scripted-small")).toBeVisible();
  await page.keyboard.press("b");
  await expect(page.getByText("Judged blind.")).toBeVisible();
  const hidden = async () => {
    const shown = await page.evaluate(() => `${document.title} ${document.body.innerHTML}`);
    for (const told of [...models, "temp 0", "$0.1", "agent 1", "Agent 1"]) expect(shown, told).not.toContain(told);
    await expect(page.locator("[data-agent]")).toHaveCount(0);
  };
  await hidden();
  await expectAccessible(page);
  await page.keyboard.press("1");
  await expect(page.getByRole("log", { name: "Candidate A output" })).toContainText("I am (hidden)");
  await hidden();
  for (const tab of ["Result", "Activity", "Diff"]) {
    await page.getByRole("tab", { name: tab }).click();
    await hidden();
  }
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("option", { name: "Focus on candidate A" })).toBeVisible();
  await hidden();
  await page.keyboard.press("Escape");
  await page.keyboard.press("c");
  await expect(page.getByRole("table", { name: "Verdict" })).toContainText("Hidden");
  await hidden();
  replay.run.winning_variation_id = 0;
  await page.reload();
  await expect(page.getByRole("table", { name: "Verdict" })).toContainText("scripted-small");
});

test("lines that the page no longer holds are loaded again, and what one reads stays where it is", async ({ page, baseURL }) => {
  await play(baseURL, 1);
  replay.status(0, "running");
  const kept = 20_000;
  const all = kept + 8_000;
  for (let number = 1; number <= all; number += 1) replay.line(0, `this is line ${number}`);
  replay.flush();
  await page.goto(address("&view=focus&a=1"));
  const log = page.getByRole("log");
  await expect(log.getByText(`this is line ${all}`, { exact: true })).toBeVisible({ timeout: 60_000 });
  await log.evaluate((element) => (element.scrollTop = 0));
  const oldest = log.getByText("this is line 8001", { exact: true });
  await expect(oldest).toBeVisible();
  await expect(page.getByText("8,000 earlier lines not kept in this page.")).toBeVisible();
  const before = await oldest.boundingBox();
  const load = page.getByRole("button", { name: "Load earlier lines" });
  await load.click();
  await expect(page.getByText(/^\d,\d{3} earlier lines not kept/)).not.toHaveText(/8,000/);
  expect((await oldest.boundingBox())?.y).toBeCloseTo(before?.y ?? 0, 0);
  await expect(log.getByText("this is line 8000", { exact: true })).toHaveCount(1);
  await expectAccessible(page);
  for (let times = 0; times < 5 && (await load.isVisible()); times += 1) {
    const left = await page.getByText(/earlier lines? not kept/).textContent();
    await load.click();
    await expect(page.getByText(left ?? "", { exact: true })).toHaveCount(0);
  }
  await expect(load).toHaveCount(0);
  await log.evaluate((element) => (element.scrollTop = 0));
  await expect(log.getByText("this is line 1", { exact: true })).toBeVisible();
  // Each line is there once: the ones that were read back, and the ones that were held.
  await page.getByLabel("Search this log").fill("this is line 80");
  await expect(page.getByRole("status").filter({ hasText: "111 found" })).toBeVisible();
});

test("a selected result is published: asked for once, followed until it is pushed, and its reason said where it is not", async ({ page, baseURL }) => {
  await play(baseURL, 5);
  const { run, answers } = replay;
  fiveResults(replay);
  run.winning_variation_id = 0;
  answers.set("/api/v1/credentials", []);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(address());
  await page.getByRole("button", { name: "Publish branch…" }).click();
  const dialog = page.getByRole("dialog", { name: "Publish as a branch" });
  await expect(dialog.getByLabel("New branch")).toHaveValue("aideator/0198a7c41e5b");
  await expect(dialog.getByLabel("Message of the commit")).toHaveValue(/^Make the failing tests pass/);
  const push = dialog.getByRole("button", { name: "Publish" });
  await expect(push).toBeDisabled();
  await dialog.getByLabel("Token for github.com").fill("github_pat_not_real");
  await dialog.getByLabel("Ask for a pull request").check();
  await dialog.getByLabel("Title").fill("Refuse what overflows");
  await expectAccessible(page);

  // Its own stream says when to ask again, and goes on as long as it takes.
  const status = (word: string) => `id: ${word}\nevent: agent_status\ndata: ${JSON.stringify({ variation_id: 254, status: word, timestamp: now() })}\n\n`;
  const stand = (...[publisher, more]: [Parameters<typeof publication>[1], Parameters<typeof publication>[2]?]) => {
    run.publication = publication(run, publisher, more);
    answers.set(`/api/v1/runs/${run.run_id}/stream?variation=254`, status(publisher.status ?? ""));
  };
  stand({ status: "queued" });
  answers.set(`/api/v1/runs/${run.run_id}/publish`, run);
  const [request] = await Promise.all([page.waitForRequest(/\/publish$/), push.click()]);
  expect(request.postDataJSON()).toEqual({
    branch: "aideator/0198a7c41e5b",
    message: expect.stringMatching(/^Make the failing tests pass/),
    pull_request: { title: "Refuse what overflows" },
    git_credential: { token: "github_pat_not_real" },
  });
  await expect(dialog).toHaveCount(0);
  const line = page.getByRole("group", { name: "Publication" });
  await expect(line).toContainText("Queued");
  await expect(page.getByRole("button", { name: "Publishing…" })).toBeDisabled();
  expect(await page.content()).not.toContain("github_pat_not_real");
  stand({ status: "running" });
  await expect(line).toContainText("Publishing");
  stand({ status: "succeeded" }, { commit: "9b1c3f0d5e7a2468ace013579bdf02468ace1357", url: "https://github.com/demo/parse-duration/pull/7" });
  await expect(line).toContainText("Pushed");
  await expect(line).toContainText("aideator/0198a7c41e5b at 9b1c3f0");
  await expect(line.getByRole("link", { name: "Pull request" })).toHaveAttribute("href", "https://github.com/demo/parse-duration/pull/7");
  await expect(line.getByRole("link", { name: "Its log" })).toHaveAttribute("href", /\/variations\/254\/logs\?format=text$/);
  await expectAccessible(page);

  // What the host says is not believed blindly.
  stand({ status: "succeeded" }, { commit: "9b1c3f0d5e7a2468ace013579bdf02468ace1357", url: "javascript:alert(1)" });
  await page.reload();
  await expect(line).toContainText("Pushed");
  await expect(line.getByRole("link", { name: "Pull request" })).toHaveCount(0);
  stand(NOT_PUSHED);
  await page.reload();
  await expect(line).toContainText(/branch_exists.*nothing was pushed.*Publish it under another name/);
  await expect(page.getByRole("button", { name: "Publish branch…" })).toBeEnabled();
  for (const width of [1440, 1024, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    await expectAccessible(page);
    await expectNoSideways(page);
  }
});
