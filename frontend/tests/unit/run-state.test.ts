import { expect, test } from "vitest";
import { parseAgentLine } from "@/lib/agent-line";
import { gapsOf, initialState, integrity, proofOf, reduce, type RunState } from "@/lib/run-state";
import type { StreamEvent } from "@/lib/types";
import { byEvidence } from "@/lib/verdict";
import { run, TIME, variation } from "./fixtures";

const T = TIME;
const RUN = run(variation(0), variation(1));

const output = (id: number, content: object | string, partial = false): StreamEvent => ({
  type: "agent_output",
  variation_id: id,
  content: typeof content === "string" ? content : JSON.stringify(content),
  timestamp: T,
  ...(partial ? { partial } : {}),
});
const complete = (id: number, lines: number): StreamEvent => ({
  type: "agent_complete",
  variation_id: id,
  status: "succeeded",
  exit_code: 0,
  lines,
  bytes: 0,
  sha256: "",
  timestamp: T,
});
const play = (events: StreamEvent[], start: RunState = initialState(RUN)): RunState =>
  events.reduce((state, event) => reduce(state, event, { line: event.type === "agent_output" ? parseAgentLine(event.content ?? "") : null }), start);
const first = (state: RunState) => {
  const [found] = state.variations;
  if (found === undefined) throw new Error("no variation");
  return found;
};

test("the whole way of a variation", () => {
  const state = play([
    { type: "agent_status", variation_id: 0, status: "queued", reason: "Unschedulable", message: "no node", hint: "wait", timestamp: T },
    { type: "agent_status", variation_id: 0, status: "running", timestamp: T },
    output(0, { v: 1, seq: 1, type: "started", model: "m", engine: "builtin", base_sha: "abc" }),
    output(0, { v: 1, seq: 2, type: "status", step: "check", message: "make test" }),
    output(0, { v: 1, seq: 3, type: "usage", input_tokens: 10, output_tokens: 2 }),
    output(0, { v: 1, seq: 4, type: "check", command: "make test", exit_code: 0, seconds: 1, output_tail: "ok" }),
    output(0, { v: 1, seq: 5, type: "patch", part: 1, last: true, data: "", files: 1, additions: 3, deletions: 1 }),
    output(0, { v: 1, seq: 6, type: "finished", outcome: "succeeded", summary: "done" }),
    complete(0, 6),
  ]);
  expect(state.status).toBe("running");
  expect(first(state)).toMatchObject({
    status: "succeeded",
    reason: null,
    hint: null,
    model: "m",
    lines: 6,
    holes: 0,
    complete: true,
    summary: "done",
    usage: { input_tokens: 10, output_tokens: 2 },
    patch: { files: 1, additions: 3, deletions: 1 },
  });
  expect(first(state).checks).toHaveLength(1);
  expect(integrity(state)).toMatchObject({ lines: 6, gaps: 0, complete: false });
});

test("a place in the queue is known as long as it lasts", () => {
  const waits = { type: "agent_status", variation_id: 0, status: "queued", reason: "WaitingForTurn", position: 3, timestamp: T } as const;
  expect(first(play([waits])).position).toBe(3);
  expect(first(play([waits, { type: "agent_status", variation_id: 0, status: "starting", timestamp: T }])).position).toBeNull();
});

test("the end of the run is said by the server alone", () => {
  const state = play([complete(0, 0), complete(1, 0), { type: "run_complete", status: "completed", timestamp: T }]);
  expect(state).toMatchObject({ status: "completed", complete: true });
  expect(integrity(state).complete).toBe(true);
});

test("a hole in the agent's numbers is a gap of so many lines, another attempt is none", () => {
  const line = (seq: number) => output(0, { v: 1, seq, type: "text", delta: "x" });
  expect(first(play([line(1), line(2), line(5), line(6)]))).toMatchObject({ holes: 1, missing: 2 });
  expect(first(play([line(1), line(2), line(1), line(2)])).holes).toBe(0);
});

test("a hole that server and agent both tell of is one gap", () => {
  const state = play([output(0, { v: 1, seq: 3, type: "text", delta: "x" }), { type: "log_gap", variation_id: 0, reason: "lines 1 to 2", certain: true }]);
  expect(gapsOf(first(state))).toBe(1);
});

test("what arrived is proved by count and hash, and anything else differs", () => {
  const events = [output(0, "a"), output(0, "b")];
  const end = (lines: number, sha256: string) => ({ ...complete(0, lines), bytes: 4, sha256 }) as StreamEvent;
  const after = (told: StreamEvent, received: { lines: number; bytes: number; sha256: string } | null) => proofOf(first(reduce(play(events), told, { received })));
  expect(after(end(2, "h"), { lines: 2, bytes: 4, sha256: "h" })).toBe("same");
  expect(after(end(2, "h"), { lines: 2, bytes: 4, sha256: "other" })).toBe("differs");
  expect(after(end(2, "h"), { lines: 2, bytes: 3, sha256: "h" })).toBe("differs");
  expect(after(end(3, "h"), { lines: 2, bytes: 4, sha256: "h" })).toBe("differs");
  expect(after(end(2, "h"), null)).toBe("open");
  expect(proofOf(first(play(events)))).toBe("open");
});

test("parts of one line count once; a gap that is not certain is none", () => {
  const state = play([
    output(0, "first part", true),
    output(0, "second part"),
    { type: "log_gap", variation_id: 0, reason: "rotated", certain: false },
    { type: "log_gap", variation_id: 0, reason: "rotated", certain: true },
  ]);
  expect(first(state)).toMatchObject({ lines: 1, gapsTold: 1 });
});

test("another attempt begins with nothing of the one before", () => {
  const line = (seq: number) => output(0, { v: 1, seq, type: "text", delta: "x" });
  const state = play([
    line(1),
    line(2),
    { ...complete(0, 2), status: "failed" } as StreamEvent,
    { type: "run_complete", status: "failed", timestamp: T },
    { type: "agent_retry", variation_id: 0, attempt: 1, job_name: "agent-run-1-0-r1", timestamp: T },
    { type: "agent_status", variation_id: 0, status: "queued", timestamp: T },
    line(1),
  ]);
  expect(state).toMatchObject({ status: "running", complete: false });
  expect(first(state)).toMatchObject({ attempt: 1, jobName: "agent-run-1-0-r1", status: "queued", lines: 1, holes: 0, complete: false, told: null });
});

test("phases follow what the agent does, and end with it", () => {
  const at = (second: number) => `2026-01-02T03:05:${String(second).padStart(2, "0")}Z`;
  const say = (second: number, body: object) => ({ ...output(0, { v: 1, seq: second, ...body }), timestamp: at(second) }) as StreamEvent;
  const state = play([
    { type: "agent_status", variation_id: 0, status: "queued", reason: "Unschedulable", timestamp: at(0) },
    { type: "agent_status", variation_id: 0, status: "running", timestamp: at(1) },
    say(2, { type: "status", step: "clone", message: "" }),
    say(3, { type: "text", delta: "x" }),
    say(4, { type: "reasoning", delta: "x" }),
    say(5, { type: "tool_call", id: "1", name: "run", arguments: "{}" }),
    say(6, { type: "status", step: "check", message: "make test" }),
    say(7, { type: "check", command: "make test", exit_code: 0, seconds: 1, output_tail: "" }),
    say(8, { type: "patch", part: 1, last: true, data: "" }),
    { ...complete(0, 7), timestamp: at(9) } as StreamEvent,
  ]);
  expect(first(state).phases.map(({ kind, label, from, to }) => [kind, label, (to ?? 0) - from])).toEqual([
    ["queue", "Unschedulable", 56_000],
    ["clone", "", 2_000],
    ["model", "", 2_000],
    ["tools", "", 1_000],
    ["tests", "make test", 2_000],
    ["end", "", 1_000],
  ]);
});

test("a failure keeps its cause and its hint", () => {
  const state = play([
    { type: "agent_error", variation_id: 0, error: "killed", reason: "OOMKilled", hint: "raise the limit", exit_code: 137, timestamp: T },
    { ...complete(0, 0), status: "failed", exit_code: 137 } as StreamEvent,
  ]);
  expect(first(state)).toMatchObject({ status: "failed", reason: "OOMKilled", message: "killed", hint: "raise the limit", exitCode: 137 });
});

test("the replay of a run that has ended does not take its end back", () => {
  const ended = initialState({ ...run({ ...variation(0, "failed"), reason: "OOMKilled" }), status: "failed" });
  const state = play([{ type: "agent_status", variation_id: 0, status: "queued", timestamp: T }, { type: "agent_status", variation_id: 0, status: "running", timestamp: T }], ended);
  expect(first(state)).toMatchObject({ status: "failed", reason: "OOMKilled" });
  expect(state.status).toBe("failed");
});

test("an event of a variation that is not known changes nothing, and no state is changed in place", () => {
  const before = initialState(RUN);
  const copy = structuredClone(before);
  expect(play([output(7, "x")], before)).toBe(before);
  play([output(0, "x"), complete(1, 0)], before);
  expect(before).toEqual(copy);
});

test("more checks passed come first, then the smaller change, and no change comes last", () => {
  const candidate = (id: number, passes: boolean, additions: number | null) => ({
    ...first(initialState(RUN)),
    id,
    checks: [{ command: "make test", exit_code: passes ? 0 : 1, seconds: 1, output_tail: "" }],
    patch: additions === null ? null : { files: 1, additions, deletions: 0 },
  });
  const ranked = byEvidence([candidate(0, false, 1), candidate(1, true, 9), candidate(2, true, null), candidate(3, true, 2), candidate(4, false, null)]);
  expect(ranked.map(({ id }) => id)).toEqual([3, 1, 2, 0, 4]);
});
