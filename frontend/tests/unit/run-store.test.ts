import { expect, test, vi } from "vitest";
import { KEPT_LINES, RunStore } from "@/lib/run-store";
import { run, variation } from "./fixtures";

const RUN = run(variation(0, "running"));

test("lines are written at once, readers are told once a frame, and old lines make room", () => {
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
  const store = new RunStore(RUN);
  const told = vi.fn();
  store.subscribe(told);
  const lines = KEPT_LINES + 5;
  for (let line = 1; line <= lines; line += 1) {
    store.onEvent({ type: "agent_output", variation_id: 0, content: `line ${line}`, timestamp: "" }, String(line));
  }
  const raw = store.log(0)?.raw;
  expect([raw?.length, raw?.dropped, raw?.at(0)?.line, raw?.last()?.content]).toEqual([KEPT_LINES, 5, 6, `line ${lines}`]);
  expect(store.lastEventId).toBe(String(lines));
  expect(told).not.toHaveBeenCalled();
  expect(frames).toHaveLength(1);
  frames[0]?.(1_000_000);
  expect(told).toHaveBeenCalledOnce();
  vi.unstubAllGlobals();
});

test("a line in parts is one line, and bytes that are not UTF-8 are shown", () => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  const store = new RunStore(RUN);
  store.onEvent({ type: "agent_output", variation_id: 0, content: "one ", partial: true, timestamp: "" }, "1");
  store.onEvent({ type: "agent_output", variation_id: 0, content: "line", timestamp: "" }, "2");
  store.onEvent({ type: "agent_output", variation_id: 0, content_base64: btoa("a\xff"), timestamp: "" }, "3");
  expect(store.log(0)?.raw.tail(9).map(({ content }) => content)).toEqual(["one line", "a\ufffd"]);
  expect(store.state.variations[0]?.lines).toBe(2);
  vi.unstubAllGlobals();
});
