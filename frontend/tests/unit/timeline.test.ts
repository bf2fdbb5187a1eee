import { expect, test } from "vitest";
import { faviconOf } from "@/lib/run-favicon";
import { initialState, reduce } from "@/lib/run-state";
import { laneInWords, percent, spanOf, ticks } from "@/lib/run-timeline";
import { run, TIME, variation } from "./fixtures";

const START = Date.parse(TIME);
const after = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const STATE = [
  { type: "agent_status", variation_id: 0, status: "queued", reason: "Unschedulable", timestamp: after(0) } as const,
  { type: "agent_status", variation_id: 0, status: "running", timestamp: after(30) } as const,
].reduce((state, event) => reduce(state, event), initialState(run(variation(0))));

test("a run that goes on leaves room for what comes; one that has ended fills the width", () => {
  const live = spanOf(STATE, START, START + 85_000, false);
  expect([percent(live, START), Math.round(percent(live, live.end))]).toEqual([0, 85]);
  const ended = spanOf(STATE, START, START + 85_000, true);
  expect([ended.end - START, percent(ended, ended.end)]).toEqual([30_000, 100]);
});

test("a browser whose clock is behind the cluster's does not put what happened into the future", () => {
  expect(spanOf(STATE, START, START - 60_000, false).end).toBe(START + 30_000);
});

test("ticks are few and round, whatever the span", () => {
  for (const seconds of [1, 7, 100, 3600, 100_000]) {
    const found = ticks({ from: START, to: START + seconds * 1000, end: START });
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(7);
  }
  expect(ticks({ from: START, to: START + 120_000, end: START }).map(({ label }) => label)).toEqual(["00:00", "00:30", "01:00", "01:30"]);
});

test("a lane is told in words", () => {
  const [first] = STATE.variations;
  expect(first === undefined ? "" : laneInWords(first, spanOf(STATE, START, START + 40_000, false), "Agent 1")).toBe("Agent 1: queued 30 s, clone 10 s, now clone");
});

test("the icon says how far the run is, and how it ended", () => {
  expect(faviconOf(2, 5, "open")).not.toBe(faviconOf(3, 5, "open"));
  expect(faviconOf(0, 0, "open")).not.toContain("NaN");
  expect(faviconOf(5, 5, "good")).toMatch(/^data:image\/svg\+xml,%3Csvg/);
});
