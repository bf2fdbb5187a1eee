"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, Clock, ExternalLink, Search } from "lucide-react";
import { useRef, useState } from "react";
import { usePinnedScroll } from "@/hooks/usePinnedScroll";
import { useStoreVersion } from "@/hooks/useAgentStream";
import { paths } from "@/lib/api";
import { clock, plural } from "@/lib/format";
import type { Row } from "@/lib/readable";
import type { Ring } from "@/lib/ring";
import type { RawLine, RunStore } from "@/lib/run-store";
import { cn } from "@/lib/utils";
import { Button } from "../ui/button";
import { Segmented } from "../ui/segmented";
import { AnsiText, LogText } from "./LogText";

const MODES = [
  { value: "readable", label: "Readable" },
  { value: "raw", label: "Raw" },
] as const;
type Mode = (typeof MODES)[number]["value"];

/** Height of a row that has not been measured yet, px. */
const ESTIMATE = 20;

/** The log of one variation: readable, or each line as kubectl prints it. Draws only the rows in sight. */
export function LogView({ runId, store, variation }: { runId: string; store: RunStore; variation: number }) {
  const version = useStoreVersion(store);
  const [mode, setMode] = useState<Mode>("readable");
  const [time, setTime] = useState(true);
  const [query, setQuery] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const log = store.log(variation);
  const rows: Ring<Row | RawLine> | undefined = mode === "readable" ? log?.readable.rows : log?.raw;
  const shown = rows === undefined ? [] : matching(rows, query);
  const total = query === "" ? (rows?.length ?? 0) : shown.length;
  const rowAt = (index: number) => rows?.at(query === "" ? index : (shown[index] ?? -1));

  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATE,
    overscan: 12,
    getItemKey: (index) => {
      const row = rowAt(index);
      return row === undefined ? index : "key" in row ? row.key : row.line;
    },
    useFlushSync: false,
  });
  const { pinned, pin, onScroll } = usePinnedScroll(scroller, [version, virtual.getTotalSize(), mode]);

  return (
    <div className="relative">
      <div className="flex flex-wrap items-center gap-sm border-b px-3 py-sm">
        <div className="relative min-w-0 flex-[1_1_12rem] md:max-w-[26rem]">
          <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-neutral-shadow-ink" />
          <input
            type="search"
            aria-label="Filter this log"
            placeholder="Filter"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            className="min-h-8 w-full rounded-md border border-neutral-edge bg-neutral-white pr-24 pl-8 max-md:text-body"
          />
          {query !== "" && (
            <span role="status" className="absolute top-1.5 right-8 text-caption tabular-nums text-neutral-shadow-ink">
              {plural(total, "match", "matches")}
            </span>
          )}
        </div>
        <Segmented label="How to show the log" name="mode" options={MODES} value={mode} onChange={setMode} />
        <span className="flex-1 max-md:hidden" />
        <Button aria-pressed={time} onClick={() => setTime(!time)} className="max-md:hidden">
          <Clock aria-hidden />
          Time
        </Button>
        <Button asChild>
          <a href={paths.rawLog(runId, variation)} target="_blank" rel="noreferrer">
            <ExternalLink aria-hidden />
            Open raw
          </a>
        </Button>
      </div>
      {rows !== undefined && rows.dropped > 0 && (
        <p className="border-b bg-neutral-paper px-md py-xs text-caption text-neutral-shadow-ink">
          {plural(rows.dropped, "earlier row")} not kept in this page: “Open raw” has them.
        </p>
      )}
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={`Agent ${variation + 1} output`}
        tabIndex={0}
        onScroll={onScroll}
        className="h-[max(20rem,calc(100dvh-26rem))] overflow-x-hidden overflow-y-auto py-sm font-mono text-caption [overflow-anchor:none] -outline-offset-2"
      >
        {total === 0 && <p className="px-md font-sans text-neutral-shadow-ink">{query === "" ? "Nothing printed yet." : "No line matches."}</p>}
        <div className="relative w-full" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rowAt(item.index);
            if (row === undefined) return null;
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="absolute top-0 left-0 w-full"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {"key" in row ? <ReadableRow row={row} time={time} /> : <RawRow line={row} time={time} />}
              </div>
            );
          })}
        </div>
      </div>
      {!pinned && (
        <Button variant="primary" className="absolute right-lg bottom-md rounded-full shadow-lg" onClick={pin}>
          <ArrowDownToLine aria-hidden />
          Jump to latest
        </Button>
      )}
    </div>
  );
}

/** Indexes of the rows that hold `query`, whatever its case; empty for no query, which means all. */
function matching(rows: Ring<Row | RawLine>, query: string): number[] {
  if (query === "") return [];
  const wanted = query.toLowerCase();
  const found: number[] = [];
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows.at(index);
    if (row === undefined) continue;
    const text = "key" in row ? `${row.lead ?? ""} ${row.text}` : row.content;
    if (text.toLowerCase().includes(wanted)) found.push(index);
  }
  return found;
}

const ROW = "grid gap-x-3 border-l-2 border-transparent pr-md hover:bg-neutral-paper";

function ReadableRow({ row, time }: { row: Row; time: boolean }) {
  if (row.kind === "gap") {
    return (
      <div className="hatched my-xs flex items-center gap-sm border-y border-dashed border-neutral-edge px-md py-xs">
        <span className="rounded-sm bg-neutral-white px-sm py-0.5">
          <b className="font-semibold">{row.lead}.</b> {row.text}
        </span>
      </div>
    );
  }
  return (
    <div
      className={cn(
        ROW,
        time ? "grid-cols-[2.5rem_minmax(0,1fr)] md:grid-cols-[3.25rem_5.75rem_3rem_minmax(0,1fr)]" : "grid-cols-[2.5rem_minmax(0,1fr)] md:grid-cols-[3.25rem_3rem_minmax(0,1fr)]",
        row.tone === "bad" && "border-l-semantic-error-ink bg-semantic-error/8",
      )}
    >
      <span className="text-right text-neutral-shadow-ink select-none">{row.line === 0 || row.sub === true ? "" : row.line}</span>
      {time && <time className="text-neutral-shadow-ink max-md:hidden">{clock(row.time)}</time>}
      <span className="text-neutral-shadow-ink max-md:hidden">{row.sub === true || row.kind === "line" ? "" : row.kind}</span>
      <span className={cn("min-w-0 wrap-anywhere whitespace-pre-wrap", row.sub === true && "ml-1.5 border-l pl-5")}>
        <LogText row={row} />
        {row.text === "" && row.lead === undefined && " "}
      </span>
    </div>
  );
}

function RawRow({ line, time }: { line: RawLine; time: boolean }) {
  return (
    <div className={cn(ROW, time ? "grid-cols-[2.5rem_minmax(0,1fr)] md:grid-cols-[3.25rem_5.75rem_minmax(0,1fr)]" : "grid-cols-[2.5rem_minmax(0,1fr)] md:grid-cols-[3.25rem_minmax(0,1fr)]")}>
      <span className="text-right text-neutral-shadow-ink select-none">{line.line}</span>
      {time && <time className="text-neutral-shadow-ink max-md:hidden">{clock(line.time)}</time>}
      <span className="min-w-0 wrap-anywhere whitespace-pre-wrap">
        <AnsiText text={line.content.length > 8192 ? `${line.content.slice(0, 8192)}… (cut here, “Open raw” has the whole line)` : line.content} />
        {line.content === "" && " "}
      </span>
    </div>
  );
}
