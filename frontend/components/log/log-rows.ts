"use client";

import { useMemo } from "react";
import { levelOf, LogFilter, textOf } from "@/lib/log-filter";
import type { Row } from "@/lib/readable";
import type { Rows } from "@/lib/ring";
import type { RawLine } from "@/lib/run-store";

export type AnyRow = Row | RawLine;
export type Show = "all" | "loud" | "matches";

export interface LogOptions {
  show: Show;
  /** What is searched for, in lower case; empty for nothing. */
  query: string;
  /** Keys of rows whose folding was turned by hand. */
  turned: ReadonlySet<number>;
}

export const isReadable = (row: AnyRow): row is Row => "key" in row;

/** Whether what belongs to `head` is hidden. */
export const isFolded = (head: Row, turned: ReadonlySet<number>): boolean => (head.fold === true) !== turned.has(head.key);

export interface LogRows {
  rows: Rows<AnyRow>;
  /** Those that are shown. */
  shown: LogFilter<AnyRow>;
  /** Those of them that hold what is searched for. */
  matches: LogFilter<AnyRow>;
}

/** The rows to draw, and those among them that were searched for. Brought up to date with every render. */
export function useLogRows(rows: Rows<AnyRow>, { show, query, turned }: LogOptions): LogRows {
  const filters = useMemo(() => {
    const matches = (row: AnyRow) => query !== "" && textOf(row).toLowerCase().includes(query);
    const hidden = (row: AnyRow) => {
      if (!isReadable(row) || row.head === undefined) return false;
      const head = rows.get(row.head);
      return head !== undefined && isReadable(head) && isFolded(head, turned);
    };
    const visible = (row: AnyRow) => {
      if (show === "matches") return matches(row);
      if (show === "loud") return levelOf(row) !== "plain";
      // What is searched for is found wherever it is.
      return !hidden(row) || matches(row);
    };
    return { shown: new LogFilter(rows, visible), matches: new LogFilter(rows, (row) => matches(row) && visible(row)) };
  }, [rows, show, query, turned]);
  filters.shown.update();
  if (query !== "") filters.matches.update();
  return { rows, ...filters };
}

/** Number of the first row of a line of the log; null where that line is not held. */
export function numberOfLine(rows: Rows<AnyRow>, line: number): number | null {
  for (let number = rows.first; number < rows.end; number += 1) {
    const row = rows.get(number);
    // A row of later text may have begun with an earlier line.
    if (row !== undefined && row.line >= line) return number;
  }
  return null;
}

/** All that is shown, as text. */
export function textOfAll({ rows, shown }: LogRows): string {
  const lines: string[] = [];
  for (let index = 0; index < shown.length; index += 1) {
    const row = rows.get(shown.at(index) ?? -1);
    if (row === undefined) continue;
    if (isReadable(row)) lines.push(`${row.sub === true ? "  " : ""}${[row.lead, row.text, row.aside].filter(Boolean).join(" ")}`);
    else lines.push(row.content);
  }
  return `${lines.join("\n")}\n`;
}
