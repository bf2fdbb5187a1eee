import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { callSubject, parseAgentLine } from "@/lib/agent-line";
import { ansiSpans, visible } from "@/lib/ansi";
import { ReadableLog } from "@/lib/readable";
import { levelOfText, LogFilter } from "@/lib/log-filter";
import { Ring, tail, upperBound } from "@/lib/ring";
import { LogHash } from "@/lib/run-hash";

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
    expect([ring.first, ring.end, ring.get(2), ring.last(), ring.get(5), ring.get(1)]).toEqual([2, 5, 2, 4, undefined, undefined]);
    ring.set(4, 9);
    ring.set(1, 7);
    expect(ring.tail(2)).toEqual([3, 9]);
    expect(ring.tail(10)).toEqual([2, 3, 9]);
  });

  test("holds no more than its budget, but always the newest", () => {
    const ring = new Ring<string>(10, 5, (item) => item.length);
    for (const item of ["aa", "bb", "cc"]) ring.push(item);
    expect(ring.tail(10)).toEqual(["bb", "cc"]);
    ring.push("too long for it");
    expect(ring.tail(10)).toEqual(["too long for it"]);
  });

  test("what is frozen stays as it was, but for what is dropped", () => {
    const ring = new Ring<number>(3);
    for (const item of [0, 1]) ring.push(item);
    const frozen = ring.freeze();
    ring.set(1, 9);
    ring.push(2);
    expect(tail(frozen, 9)).toEqual([0, 1]);
    ring.push(3);
    expect(tail(frozen, 9)).toEqual([1]);
    for (const item of [4, 5, 6]) ring.push(item);
    expect([frozen.first, frozen.end, tail(frozen, 9)]).toEqual([2, 2, []]);
  });

  test("the first item after a moment", () => {
    const ring = new Ring<number>(4);
    for (const item of [1, 2, 2, 3, 5, 8]) ring.push(item);
    const at = (value: number) => upperBound(ring, value, (item) => item);
    expect([at(0), at(2), at(4), at(9)]).toEqual([2, 3, 4, 6]);
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

describe("how a call ended", () => {
  const call = { type: "tool_call", id: "1", name: "run", arguments: '{"command":"ls"}' };
  test.each([
    [{ ok: true, output: "a\n[exit code 0 after 1.5 s]" }, "exit code 0, 1.5 s", "plain"],
    [{ ok: false, output: "a\n[timed out and was killed after 60 s]" }, "timed out and was killed, 60 s", "bad"],
    [{ ok: false, output: "no such file" }, "failed", "bad"],
  ])("%j", (result, aside, tone) => {
    const log = new ReadableLog(10);
    for (const [index, body] of [call, { type: "tool_result", id: "1", ...result }].entries()) {
      const content = JSON.stringify({ v: 1, seq: index + 1, ts: TIME, ...body });
      log.add(content, parseAgentLine(content), TIME, index + 1);
    }
    expect(log.rows.get(0)).toMatchObject({ lead: "run", text: "ls", aside, tone });
    expect(log.rows.get(1)).toMatchObject({ sub: true, head: 0 });
  });
});

describe("filter", () => {
  test("takes in what came, tests the newest row again, forgets what is gone", () => {
    const ring = new Ring<number>(4);
    const filter = new LogFilter(ring, (item) => item % 2 === 0);
    const all = () => {
      filter.update();
      return Array.from({ length: filter.length }, (_, index) => filter.at(index));
    };
    for (const item of [0, 1, 2]) ring.push(item);
    expect(all()).toEqual([0, 2]);
    ring.set(2, 3);
    expect(all()).toEqual([0]);
    for (const item of [4, 6, 8]) ring.push(item);
    expect(all()).toEqual([3, 4, 5]);
    expect([filter.indexOf(4), filter.indexOf(0), filter.indexOf(9)]).toEqual([1, 0, 3]);
  });

  test.each([
    ["error[E0308]: mismatched types", "bad"],
    ["test a ... FAILED", "bad"],
    ["test result: ok. 9 passed; 0 failed", "plain"],
    ["warning: unused variable", "warn"],
    ["reading src/errors.rs", "plain"],
  ])("%s sounds %s", (text, level) => expect(levelOfText(text)).toBe(level));
});

describe("hash of what arrives", () => {
  const hash = (log: string | Buffer) => createHash("sha256").update(log).digest("hex");
  test("is that of the log, whatever its lines' lengths, characters and parts", () => {
    const lines = ["", "plain", "ünï😀".repeat(30_000), "x".repeat(200_000)];
    const made = new LogHash();
    for (const line of lines) made.add(line, false);
    made.add("in ", true);
    made.add("parts", false);
    const log = `${[...lines, "in parts"].join("\n")}\n`;
    expect(made.figures(Buffer.byteLength(log))).toEqual({ lines: 5, bytes: Buffer.byteLength(log), sha256: hash(log) });
  });

  test("bytes that are no text, and a last line without its newline", () => {
    const made = new LogHash();
    made.add(Uint8Array.from([0xff, 0x00]), false);
    made.add("end", false);
    const log = Buffer.concat([Buffer.from([0xff, 0x00, 10]), Buffer.from("end")]);
    expect(made.figures(log.length)).toEqual({ lines: 2, bytes: 6, sha256: hash(log) });
  });
});

describe("hostile text", () => {
  test("what would act unseen is shown", () => {
    expect(visible("a\u202eb\u0007c\u200bd\ttab\nline")).toBe("a\\u202eb\u2407c\\u200bd\ttab\nline");
  });

  test("escape codes become our classes and never text of theirs", () => {
    const spans = ansiSpans('\u001b[1;31mFAIL\u001b[0m <img src=x> \u001b]8;;javascript:alert(1)\u0007link');
    expect(spans[0]).toEqual({ text: "FAIL", className: "text-semantic-error-ink font-bold" });
    expect(spans.map((span) => span.className).join(" ")).not.toMatch(/javascript|img/);
    expect(spans.map((span) => span.text).join("")).toContain("<img src=x>");
  });
});
