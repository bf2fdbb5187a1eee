import { describe, expect, test } from "vitest";
import { callSubject, parseAgentLine } from "@/lib/agent-line";
import { ansiSpans, visible } from "@/lib/ansi";
import { ReadableLog } from "@/lib/readable";
import { Ring } from "@/lib/ring";

const TIME = "2026-01-02T03:04:05.678Z";

/** Rows of a log made of these bodies, as `lead|text`. */
function read(...bodies: (object | string)[]): string[] {
  const log = new ReadableLog(1000);
  bodies.forEach((body, index) => {
    const content = typeof body === "string" ? body : JSON.stringify({ v: 1, seq: index + 1, ts: TIME, ...body });
    log.add(content, parseAgentLine(content), TIME, index + 1);
  });
  return log.rows.tail(1000).map((row) => `${row.sub === true ? "  " : ""}${row.lead ?? ""}|${row.text}`);
}

describe("ring", () => {
  test("keeps the newest, knows what it dropped, and items keep their order", () => {
    const ring = new Ring<number>(3);
    for (let item = 0; item < 5; item += 1) ring.push(item);
    expect([ring.length, ring.dropped, ring.at(0), ring.last(), ring.at(3), ring.at(-1)]).toEqual([3, 2, 2, 4, undefined, undefined]);
    ring.replaceLast(9);
    expect(ring.tail(2)).toEqual([3, 9]);
    expect(ring.tail(10)).toEqual([2, 3, 9]);
  });
});

describe("agent lines", () => {
  test.each(["", "panic: {", '{"v":1', '{"v":2,"seq":1,"type":"text"}', '{"seq":1,"type":"text"}', '["v"]', "null", '{"v":1,"seq":"1","type":"text"}'])(
    "%j is not one",
    (line) => expect(parseAgentLine(line)).toBeNull(),
  );

  test("a type of a later version still counts", () => {
    expect(parseAgentLine('{"v":1,"seq":7,"type":"hologram","x":[]}')).toMatchObject({ seq: 7, type: "unknown", name: "hologram" });
  });

  test("fields of a wrong kind become harmless ones", () => {
    expect(parseAgentLine('{"v":1,"seq":1,"type":"usage","input_tokens":"many","output_tokens":null}')).toMatchObject({ input_tokens: 0, output_tokens: 0 });
    expect(parseAgentLine('{"v":1,"seq":1,"type":"check","command":{},"exit_code":null}')).toMatchObject({ command: "", exit_code: null });
    expect(parseAgentLine('{"v":1,"seq":1,"type":"status","step":"dance","message":1}')).toMatchObject({ step: "other", message: "" });
  });

  test("a call is named by its command, pattern or path", () => {
    expect(callSubject('{"command":"make test","timeout_s":5}')).toBe("make test");
    expect(callSubject('{"path":"src/a.rs","old":"x"}')).toBe("src/a.rs");
    expect(callSubject('{"path":"cut off')).toBe("");
  });
});

describe("readable log", () => {
  test("deltas make lines as the model wrote them", () => {
    expect(read({ type: "text", delta: "one " }, { type: "text", delta: "line\ntwo" }, { type: "text", delta: "\n\nthree" })).toEqual([
      "|one line",
      "|two",
      "|",
      "|three",
    ]);
  });

  test("what comes between two deltas ends the line", () => {
    expect(read({ type: "text", delta: "a" }, "stray", { type: "text", delta: "b" })).toEqual(["|a", "|stray", "|b"]);
  });

  test("thoughts do not run into the answer", () => {
    expect(read({ type: "reasoning", delta: "hm" }, { type: "text", delta: "so" })).toEqual(["|hm", "|so"]);
  });

  test("a call in several lines is one row, its output below it", () => {
    expect(
      read(
        { type: "tool_call", id: "1", name: "run", arguments: '{"comm', more: true },
        { type: "tool_call", id: "1", name: "run", arguments: 'and":"ls"}' },
        { type: "tool_result", id: "1", ok: true, output: "a\nb\n", truncated: false },
      ),
    ).toEqual(["run|ls", "  |a", "  |b"]);
  });

  test("long output is shortened in sight, and says so", () => {
    const rows = read({ type: "tool_result", id: "1", ok: true, output: "x\n".repeat(500), truncated: false });
    expect(rows).toHaveLength(121);
    expect(rows.at(-1)).toContain("380 more lines in the raw log");
  });

  test("a foreign line of a megabyte is cut for reading", () => {
    const [row = ""] = read("x".repeat(1 << 20));
    expect(row.length).toBeLessThan(9000);
    expect(row).toContain("raw log has the whole line");
  });

  test("a patch is one row, whatever its parts", () => {
    const rows = read({ type: "patch", part: 1, last: false, data: "abc" }, { type: "patch", part: 2, last: true, data: "de", files: 1, additions: 2, deletions: 0 });
    expect(rows).toEqual(["patch|1 file, +2 −0, 5 characters in 2 parts"]);
  });
});

describe("hostile text", () => {
  test("what would act unseen is shown", () => {
    expect(visible("a\u202eb\u0007c\u200bd\ttab\nline")).toBe("a\\u202eb\u2407c\\u200bd\ttab\nline");
  });

  test("escape codes become our classes and never text of theirs", () => {
    const spans = ansiSpans('\u001b[1;31mFAIL\u001b[0m <img src=x> \u001b]8;;javascript:alert(1)\u0007link');
    expect(spans[0]).toEqual({ text: "FAIL", className: "text-agent-1-ink font-bold" });
    expect(spans.map((span) => span.className).join(" ")).not.toMatch(/javascript|img/);
    expect(spans.map((span) => span.text).join("")).toContain("<img src=x>");
  });
});
