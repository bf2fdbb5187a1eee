import { expect, test } from "vitest";
import { joined, parseStored, readableRows, seamOf } from "@/lib/earlier-log";
import { ReadableLog } from "@/lib/readable";
import { Ring } from "@/lib/ring";
import type { RawLine } from "@/lib/run-store";

const stored = (lines: readonly string[]) => new TextEncoder().encode(lines.map((line) => `2026-11-26T01:00:00Z ${line}\n`).join(""));

test("lines are read back with their numbers and places; a first half of one is left out", () => {
  const all = ["one", "zwei ü", "", "four"];
  const bytes = stored(all);
  const whole = parseStored(bytes, 0, 5);
  expect(whole.map(({ line, content }) => [line, content])).toEqual(all.map((content, index) => [index + 1, content]));
  expect(whole.map(({ offset }) => offset)).toEqual([0, 25, 54, 76]);
  // From the middle of the first line on.
  expect(parseStored(bytes.subarray(10), 10, 5)).toEqual(whole.slice(1));
  expect(parseStored(bytes.subarray(0, 10), 10, 5)).toEqual([]);
});

test("rows that were read back stand before those that are held, until more of these are dropped", () => {
  const ring = new Ring<RawLine>(3);
  const line = (number: number): RawLine => ({ line: number, content: `line ${number}`, time: "", offset: number * 10 });
  for (let number = 1; number <= 5; number += 1) ring.push(line(number));
  expect(seamOf(ring)).toEqual({ number: 2, line: 3, offset: 30 });
  const rows = joined([line(1), line(2)], 2, ring);
  expect([rows.first, rows.end]).toEqual([0, 5]);
  expect([0, 1, 2, 4].map((number) => rows.get(number)?.line)).toEqual([1, 2, 3, 5]);
  ring.push(line(6));
  expect([rows.first, rows.get(1), rows.get(3)?.line]).toEqual([3, undefined, 4]);
});

test("for reading, a row whose head is gone is read again with it", () => {
  const call = '{"v":1,"seq":1,"ts":"","type":"tool_call","id":"a","name":"run","arguments":"{}"}';
  const result = '{"v":1,"seq":2,"ts":"","type":"tool_result","id":"a","ok":true,"output":"x\\ny"}';
  const lines: RawLine[] = ["first", call, result, "last"].map((content, index) => ({ line: index + 1, content, time: "", offset: index * 100 }));
  const add = (log: ReadableLog) => {
    for (const { content, line, offset } of lines) log.add(content, content.startsWith("{") ? JSON.parse(content) : null, "", line, offset);
  };
  // Holds the second row of the output, and the last line.
  const held = new ReadableLog(2);
  add(held);
  const whole = new ReadableLog(10);
  add(whole);
  const seam = seamOf(held.rows);
  expect(seam).toEqual({ number: 4, line: 4, offset: 300 });
  const rows = joined(readableRows(lines.slice(0, 3), 4), 4, held.rows);
  expect([0, 1, 2, 3, 4].map((number) => rows.get(number))).toEqual(whole.rows.tail(5));
});
