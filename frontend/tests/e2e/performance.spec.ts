import type { Page } from "@playwright/test";
import { gzipSync } from "node:zlib";
import { begin, end, measure, memory, print } from "./measure";
import { newRun, Replay } from "./replay";
import { expect, fact, test } from "./support";

/*
 * The lines come from a local server that speaks the real wire format: two cores do not run five agents that print 1,000 lines a
 * second each. The page is the one that the server under test serves.
 */

const AGENTS = 5;
const RATE = 1000;
const SECONDS = 30;
/** What the page may load before it does anything, and until it shows a live run, gzipped. */
const FIRST_BYTES = 170_000;
const GRID_BYTES = 222_000;

test.describe.configure({ timeout: 300_000 });

/** Limits are for a machine that draws 60 frames a second when it has nothing to do; a slower one gets more time. */
async function slowness(page: Page): Promise<number> {
  await begin(page);
  await page.waitForFunction(() => window.measured.frames.length > 120);
  const { frameP95, fps } = await end(page);
  print("at rest", { fps, frameP95 });
  return Math.max(1, frameP95 / 17);
}

const text = (number: number) => `${String(number).padStart(8, "0")} the quick brown fox jumps over the lazy dog and runs on, over hills and far away`;

test("five agents at 1,000 lines a second each for 30 seconds: smooth, quick to answer, flat, and not a line lost", async ({ page, baseURL }) => {
  const replay = await Replay.start(baseURL ?? "", newRun(AGENTS));
  try {
    await measure(page);
    await page.goto(`${replay.url}/login`);
    const slow = await slowness(page);
    await page.goto(`${replay.url}/stream?run=${replay.run.run_id}`);
    await expect(fact(page, "State")).toHaveText("Live");

    for (let agent = 0; agent < AGENTS; agent += 1) replay.status(agent, "running");
    await begin(page);
    const flood = startFlood(replay);
    // First somebody only watches, then somebody uses the page: what the use costs is in the time to answer.
    await flood.most;
    const watched = await end(page);
    await begin(page);
    await useThePage(page, flood.over);
    await flood.over;
    const used = await end(page);
    for (let agent = 0; agent < AGENTS; agent += 1) replay.complete(agent, "succeeded");
    replay.end();
    const sent = replay.lines;
    await expect(fact(page, "Stream integrity")).toHaveText(`${sent.toLocaleString("en")} lines, no gaps, same bytes`, { timeout: 30_000 });
    print("5 × 1,000 lines/s, watched", watched);
    print("5 × 1,000 lines/s, used", used);
    print("5 × 1,000 lines/s × 30 s", { sent, received: sent, resumed: replay.resumed.length });

    expect(sent).toBe(AGENTS * RATE * SECONDS);
    expect(replay.resumed.length).toBeGreaterThan(0);
    // What is aimed at is a frame in 34 ms, 500 ms of long tasks and an answer in 200 ms. A machine whose two cores also send the
    // lines, draw in software and run a cluster is allowed more, and still fails a page that renders every line.
    expect(watched.frameP95).toBeLessThanOrEqual(102 * slow);
    expect(watched.longTasksMs).toBeLessThan(5_000 * slow);
    expect(used.inputs).toBeGreaterThan(5);
    expect(used.inputP98).toBeLessThan(800 * slow);
    for (const { nodes, heapMb } of [watched, used]) {
      expect(nodes).toBeLessThan(3000);
      expect(heapMb).toBeLessThan(120);
    }
  } finally {
    await replay.close();
  }
});

/** Sends lines at their rate, whatever else this process does; after a third of them it breaks the connection. */
function startFlood(replay: Replay): { most: Promise<void>; over: Promise<void> } {
  const start = performance.now();
  let sent = 0;
  let tellMost = () => {};
  const most = new Promise<void>((resolve) => (tellMost = resolve));
  let cut = false;
  const over = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(RATE * SECONDS, Math.floor(((performance.now() - start) * RATE) / 1000));
      for (; sent < due; sent += 1) {
        for (let agent = 0; agent < AGENTS; agent += 1) replay.say(agent, { type: "text", delta: `${text(sent)}\n` });
      }
      replay.flush();
      if (!cut && sent >= (RATE * SECONDS) / 3) {
        cut = true;
        replay.cut();
      }
      if (sent >= (RATE * SECONDS * 2) / 3) tellMost();
      if (sent === RATE * SECONDS) {
        clearInterval(timer);
        resolve();
      }
    }, 10);
  });
  return { most, over };
}

/** What somebody does: looks at one after the other, searches, scrolls, pauses. */
async function useThePage(page: Page, over: Promise<void>): Promise<void> {
  let done = false;
  void over.then(() => (done = true));
  const { keyboard, mouse } = page;
  for (let round = 0; !done; round += 1) {
    const steps = [
      () => keyboard.press(String((round % AGENTS) + 1)),
      () => page.getByRole("log").waitFor(),
      () => keyboard.press("/"),
      () => keyboard.type("fox"),
      () => keyboard.press("Enter"),
      () => keyboard.press("Escape"),
      () => keyboard.press("Escape"),
      () => mouse.move(900, 700),
      () => mouse.wheel(0, -400),
      () => keyboard.press("End"),
      // As one: a page that stays paused does not come to the end.
      async () => {
        await keyboard.press(".");
        await keyboard.press(".");
      },
      () => keyboard.press("g"),
      () => page.getByRole("list", { name: "Newest lines of agent 1" }).waitFor(),
      () => mouse.move(700, 420),
      () => mouse.move(10, 10),
    ];
    for (const step of steps) {
      if (!done) await step();
    }
  }
}

test("five logs of 100,000 lines, loaded late: the first lines at once, all of them soon, in little memory", async ({ page, baseURL }) => {
  const replay = await Replay.start(baseURL ?? "", newRun(AGENTS));
  try {
    const lines = 100_000;
    for (let agent = 0; agent < AGENTS; agent += 1) replay.status(agent, "running");
    for (let line = 0; line < lines; line += 1) {
      for (let agent = 0; agent < AGENTS; agent += 1) replay.say(agent, { type: "text", delta: `${text(line)}\n` });
    }
    for (let agent = 0; agent < AGENTS; agent += 1) replay.complete(agent, "succeeded");
    replay.end();

    await measure(page);
    await page.goto(`${replay.url}/login`);
    const slow = await slowness(page);
    await page.goto(`${replay.url}/stream?run=${replay.run.run_id}&view=focus&a=1`);
    await page.getByRole("log").getByText(/the quick brown fox/).first().waitFor();
    const firstMs = await page.evaluate(() => new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now()))));
    await expect(fact(page, "Stream integrity")).toHaveText("500,000 lines, no gaps, same bytes", { timeout: 120_000 });
    const allMs = await page.evaluate(() => performance.now());
    const { painted, shifts } = await page.evaluate(() => window.measured);
    const { heapMb, nodes } = await memory(page);
    print("5 × 100,000 lines, late", { firstMs, allMs, heapMb, nodes, largestContentfulPaintMs: painted, layoutShift: shifts.toFixed(3) });
    expect(firstMs).toBeLessThan(5000 * slow);
    expect(heapMb).toBeLessThan(160);
    expect(nodes).toBeLessThan(3000);
    expect(shifts).toBeLessThan(0.25);
  } finally {
    await replay.close();
  }
});

test("the run page is small", async ({ page, baseURL }) => {
  const html = await (await page.request.get("/stream")).text();
  const first = [...html.matchAll(/<script(?<attributes>[^>]*?) src="(?<src>[^"]+)"(?<more>[^>]*)>/g)].flatMap(({ groups }) =>
    // For browsers that are too old for the rest of the page.
    /nomodule/i.test(`${groups?.attributes} ${groups?.more}`) ? [] : [groups?.src ?? ""],
  );
  const replay = await Replay.start(baseURL ?? "", newRun(AGENTS));
  try {
    const all = new Set(first);
    page.on("response", (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.endsWith(".js")) all.add(pathname);
    });
    await page.goto(`${replay.url}/stream?run=${replay.run.run_id}`);
    await expect(fact(page, "State")).toHaveText("Live");
    const sizes = new Map<string, number>();
    for (const src of all) sizes.set(src, gzipSync(await (await page.request.get(src)).body()).length);
    const bytes = (names: Iterable<string>) => [...names].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
    print("/stream", { firstKb: bytes(first) / 1000, gridKb: bytes(all) / 1000 });
    expect(first.length).toBeGreaterThan(3);
    expect(bytes(first)).toBeLessThanOrEqual(FIRST_BYTES);
    expect(bytes(all)).toBeLessThanOrEqual(GRID_BYTES);
  } finally {
    await replay.close();
  }
});
