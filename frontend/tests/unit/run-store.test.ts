import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tail } from "@/lib/ring";
import { integrity, proofOf } from "@/lib/run-state";
import { KEPT_LINES, RunStore } from "@/lib/run-store";
import type { StreamEvent } from "@/lib/types";
import { run, TIME, variation } from "./fixtures";

const RUN = run(variation(0, "running"));

let frames: FrameRequestCallback[] = [];
beforeEach(() => {
  frames = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
  vi.stubGlobal("cancelAnimationFrame", () => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const line = (content: string, timestamp = TIME): StreamEvent => ({ type: "agent_output", variation_id: 0, content, timestamp });
const frame = () => {
  const due = frames;
  frames = [];
  for (const callback of due) callback(0);
};

test("lines are written at once, readers are told once a frame, and old lines make room", () => {
  const store = new RunStore(RUN);
  const told = vi.fn();
  const toldFacts = vi.fn();
  store.subscribe(told);
  store.subscribeFacts(toldFacts);
  const lines = KEPT_LINES + 5;
  for (let number = 1; number <= lines; number += 1) store.onEvent(line(`line ${number}`), String(number));
  const raw = store.log(0)?.raw;
  expect([raw?.first, raw?.end, raw?.get(5)?.line, raw?.get(lines - 1)?.content]).toEqual([5, lines, 6, `line ${lines}`]);
  expect(store.lastEventId).toBe(String(lines));
  expect(told).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60);
  frame();
  expect(told).toHaveBeenCalledOnce();
});

test("a tab that is not drawn is told all the same", () => {
  const store = new RunStore(RUN);
  const told = vi.fn();
  store.subscribeFacts(told);
  store.onEvent({ type: "run_complete", status: "completed", timestamp: TIME }, "1");
  vi.advanceTimersByTime(2000);
  expect(told).toHaveBeenCalledOnce();
});

test("a line in parts is one line, and bytes that are not UTF-8 are shown", () => {
  const store = new RunStore(RUN);
  store.onEvent({ ...line("one "), partial: true } as StreamEvent, "1");
  store.onEvent(line("line"), "2");
  store.onEvent({ type: "agent_output", variation_id: 0, content_base64: btoa("a\xff"), timestamp: "" }, "3");
  const raw = store.log(0)?.raw;
  expect(raw === undefined ? [] : tail(raw, 9).map(({ content }) => content)).toEqual(["one line", "a\ufffd"]);
  expect(store.state.variations[0]?.lines).toBe(2);
});

test("a line of a megabyte costs no megabyte, and is hashed whole", () => {
  const store = new RunStore(RUN);
  const part = "x".repeat(1 << 16);
  for (let number = 0; number < 15; number += 1) store.onEvent({ ...line(part), partial: true } as StreamEvent, null);
  store.onEvent(line(part), null);
  expect(store.log(0)?.raw.get(0)?.content.length).toBe(1 << 16);
  store.onEvent({ type: "agent_complete", variation_id: 0, status: "succeeded", exit_code: 0, lines: 1, bytes: (1 << 20) + 1, sha256: "", timestamp: TIME }, null);
  expect(store.state.variations[0]?.received).toMatchObject({ lines: 1, bytes: (1 << 20) + 1 });
});

test("while paused what is shown stands still, and nothing is lost", () => {
  const store = new RunStore(RUN);
  store.onEvent(line("before"), "1");
  store.pause();
  store.onEvent(line("after"), "2");
  expect([store.log(0)?.raw.end, store.state.variations[0]?.lines, store.live.variations[0]?.lines]).toEqual([1, 1, 2]);
  store.resume();
  expect([store.log(0)?.raw.end, store.state.variations[0]?.lines]).toEqual([2, 2]);
  store.togglePause();
  store.togglePause();
  expect(store.paused).toBe(false);
});

test("after a lost connection what was printed meanwhile is counted, by the server's clock", () => {
  const store = new RunStore(RUN);
  store.onConnection({ state: "open" });
  store.onEvent({ type: "heartbeat", timestamp: "2026-01-02T03:00:00Z" }, null);
  store.onEvent(line("a", "2026-01-02T03:00:01Z"), "1");
  expect(store.recovery).toBeNull();
  store.onConnection({ state: "waiting", at: 0 });
  store.onConnection({ state: "connecting" });
  store.onConnection({ state: "open" });
  store.onEvent({ type: "heartbeat", timestamp: "2026-01-02T03:00:05Z" }, null);
  for (const second of [2, 4, 5, 6]) store.onEvent(line("b", `2026-01-02T03:00:0${second}Z`), "2");
  store.onEvent({ type: "heartbeat", timestamp: "2026-01-02T03:00:15Z" }, null);
  store.onEvent(line("c", "2026-01-02T03:00:16Z"), "3");
  expect(store.recovery?.lines).toBe(3);
});

test("a hole in the numbers is shown where it is, and the proof does not hold", () => {
  const store = new RunStore(RUN);
  const say = (seq: number) => line(JSON.stringify({ v: 1, seq, ts: TIME, type: "text", delta: "x\n" }));
  store.onEvent(say(1), "1");
  store.onEvent(say(5), "2");
  const readable = store.log(0)?.readable;
  expect(readable === undefined ? [] : tail(readable, 9).map(({ kind, lead }) => [kind, lead])).toContainEqual(["gap", "3 lines unavailable"]);
  expect(integrity(store.state)).toMatchObject({ lines: 2, gaps: 1 });
  store.onEvent({ type: "agent_complete", variation_id: 0, status: "succeeded", exit_code: 0, lines: 5, bytes: 9, sha256: "x", timestamp: TIME }, null);
  const [first] = store.state.variations;
  expect(first === undefined ? "" : proofOf(first)).toBe("differs");
});

test("another attempt's log begins anew, and is proved by itself", () => {
  const store = new RunStore(RUN);
  store.onEvent(line("first"), "1");
  store.onEvent({ type: "agent_retry", variation_id: 0, attempt: 1, job_name: "again", timestamp: TIME }, "2");
  store.onEvent(line("a"), "3");
  const sha256 = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";
  store.onEvent({ type: "agent_complete", variation_id: 0, status: "succeeded", exit_code: 0, lines: 1, bytes: 2, sha256, timestamp: TIME }, "4");
  const [first] = store.state.variations;
  expect([store.log(0)?.raw.end, first?.attempt, first === undefined ? "" : proofOf(first)]).toEqual([1, 1, "same"]);
});
