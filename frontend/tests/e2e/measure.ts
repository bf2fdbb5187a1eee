import type { Page } from "@playwright/test";

/** What the page's own clocks say, from `begin` to `end`. */
export interface Figures {
  seconds: number;
  fps: number;
  /** 95th percentile of the time from frame to frame, ms. */
  frameP95: number;
  /** Tasks over 50 ms: how many, and how long in all, ms. */
  longTasks: number;
  longTasksMs: number;
  /** 98th percentile of the time from an input to its drawing, ms; of inputs faster than 16 ms nothing is known, they count as that. */
  inputP98: number;
  inputs: number;
  heapMb: number;
  nodes: number;
}

interface Measured {
  frames: number[];
  tasks: number[];
  inputs: Record<number, number>;
  shifts: number;
  painted: number;
}

declare global {
  interface Window {
    measured: Measured;
  }
}

/** Has a page measure itself, from its first script on. */
export async function measure(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const measured: Measured = { frames: [], tasks: [], inputs: {}, shifts: 0, painted: 0 };
    window.measured = measured;
    const watch = (type: string, take: (entry: PerformanceEntry) => void, more: object = {}) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
    watch("longtask", ({ duration }) => measured.tasks.push(duration));
    watch(
      "event",
      (entry) => {
        // All events of one press or click are one interaction.
        const id = (entry as PerformanceEntry & { interactionId?: number }).interactionId ?? 0;
        if (id > 0) measured.inputs[id] = Math.max(measured.inputs[id] ?? 0, entry.duration);
      },
      { durationThreshold: 16 },
    );
    watch("layout-shift", (entry) => {
      const shift = entry as PerformanceEntry & { value?: number; hadRecentInput?: boolean };
      if (shift.hadRecentInput !== true) measured.shifts += shift.value ?? 0;
    });
    watch("largest-contentful-paint", ({ startTime }) => (measured.painted = startTime));
    const frame = (now: number) => {
      measured.frames.push(now);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

/** Forgets what was measured so far. */
export const begin = (page: Page) =>
  page.evaluate(() => {
    Object.assign(window.measured, { frames: [], tasks: [], inputs: {} });
  });

const quantile = (values: number[], share: number): number => values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

export async function end(page: Page): Promise<Figures> {
  const { frames, tasks, inputs } = await page.evaluate(() => window.measured);
  const gaps = frames.slice(1).map((at, index) => at - (frames[index] ?? at));
  const seconds = ((frames.at(-1) ?? 0) - (frames[0] ?? 0)) / 1000;
  const durations = Object.values(inputs);
  return {
    seconds,
    fps: gaps.length / seconds,
    frameP95: quantile(gaps, 0.95),
    longTasks: tasks.length,
    longTasksMs: tasks.reduce((sum, task) => sum + task, 0),
    inputP98: quantile(durations, 0.98),
    inputs: durations.length,
    ...(await memory(page)),
  };
}

/** After all that is no longer used was given back. */
export async function memory(page: Page): Promise<{ heapMb: number; nodes: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return { heapMb: usedSize / 1e6, nodes: await page.evaluate(() => document.querySelectorAll("*").length) };
}

/** Puts figures into the test's output, where people and logs of CI have them. */
export function print(title: string, figures: object): void {
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${typeof value === "number" ? Number(value.toFixed(1)) : String(value)}`);
  process.stdout.write(`    ${title}: ${parts.join(", ")}\n`);
}
