"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, History } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type MouseEvent } from "react";
import { usePinnedScroll } from "@/hooks/usePinnedScroll";
import { useStoreVersion } from "@/hooks/useAgentStream";
import { useWords } from "@/hooks/useBlind";
import { useEarlierLines } from "@/hooks/useEarlierLines";
import { useCommands } from "@/hooks/useCommands";
import { copyText } from "@/lib/clipboard";
import { capital, count, plural } from "@/lib/format";
import type { LogFilter } from "@/lib/log-filter";
import type { RunStore, VariationLog } from "@/lib/run-store";
import { Button } from "../ui/button";
import { isFolded, isReadable, numberOfLine, textOfAll, useLogRows, type AnyRow, type Show } from "./log-rows";
import { RawRow, ReadableRow } from "./LogRow";
import { LogToolbar } from "./LogToolbar";

/** Height of a row that has not been measured yet, px. */
const ESTIMATE = 20;

const NOTHING_TURNED: ReadonlySet<number> = new Set();

interface LogViewProps {
  runId: string;
  store: RunStore;
  variation: number;
  attempt: number;
  /** The line that the address names, counted from 1. */
  marked: number | null;
  onMark: (line: number | null) => void;
}

/** The log of one variation: readable, or each line as kubectl prints it. Draws only the rows in sight. */
export function LogView(props: LogViewProps) {
  const version = useStoreVersion(props.store);
  const log = props.store.log(props.variation);
  if (log === undefined) return null;
  return <Log {...props} log={log} version={version} />;
}

function Log({ runId, variation, attempt, marked, onMark, log, version }: LogViewProps & { log: VariationLog; version: number }) {
  const words = useWords();
  const [raw, setRaw] = useState(false);
  const [time, setTime] = useState(true);
  const [wrap, setWrap] = useState(true);
  const [show, setShow] = useState<Show>("all");
  const [query, setQuery] = useState("");
  const [turned, setTurned] = useState(NOTHING_TURNED);
  /** Number of the matching row that is looked at. */
  const [match, setMatch] = useState<number | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const wanted = query.toLowerCase();
  const earlier = useEarlierLines(runId, variation, attempt, log, raw);
  const all = useLogRows(earlier.rows, { show, query: wanted, turned });
  const { rows, shown, matches } = all;
  const numberAt = (index: number) => shown.at(index) ?? -1;

  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATE,
    overscan: 12,
    getItemKey: numberAt,
    useFlushSync: false,
  });
  const { pinned, pin, unpin, onScroll } = usePinnedScroll(scroller, [version, virtual.getTotalSize(), raw]);
  const leftAt = useRef(rows.end);
  if (pinned) leftAt.current = rows.end;
  useSteadyView(scroller, virtual, shown, rows.first, pinned);

  const lookAt = (number: number, align: "center" | "auto" = "center") => {
    unpin();
    virtual.scrollToIndex(shown.indexOf(number), { align });
  };
  const step = (by: 1 | -1) => {
    const next = nextMatch(matches, match, by);
    if (next === null) return;
    setMatch(next);
    lookAt(next);
    const line = rows.get(next)?.line ?? 0;
    if (line > 0) onMark(line);
  };
  useLookAtMarked(marked, log, rows, lookAt);
  const onClick = (event: MouseEvent) => {
    // A click that ends a selection of text is none.
    if (window.getSelection()?.isCollapsed === false) return unpin();
    if ((event.target as Element).closest("button, a") !== null) return;
    const line = Number((event.target as Element).closest<HTMLElement>("[data-line]")?.dataset.line ?? 0);
    if (line > 0) onMark(line === marked ? null : line);
  };
  const moveMark = (by: 1 | -1) => {
    const from = marked === null ? null : numberOfLine(rows, marked);
    const index = from === null ? shown.indexOf(numberAt(virtual.range?.startIndex ?? 0)) : shown.indexOf(from);
    const next = lineBeside(rows, shown, index, by, marked);
    if (next === null) return;
    onMark(next.line);
    lookAt(next.number, "auto");
  };
  useCommands([
    { id: "search", group: "This log", text: "Search the log", keys: "/", run: () => search.current?.focus() },
    { id: "follow", group: "This log", text: "Follow the log", keys: "End", run: pin },
    { id: "raw", group: "This log", text: raw ? "Readable lines" : "Raw lines, as kubectl prints them", keys: "R", run: () => setRaw(!raw) },
    { id: "wrap", group: "This log", text: wrap ? "Do not wrap lines" : "Wrap lines", keys: "W", run: () => setWrap(!wrap) },
    { id: "next-line", group: "This log", text: "Mark the next line", keys: "J", run: () => moveMark(1) },
    { id: "previous-line", group: "This log", text: "Mark the line before", keys: "K", run: () => moveMark(-1) },
    ...(marked === null ? [] : [{ id: "copy-link", group: "This log", text: "Copy a link to the marked line", keys: "Y", run: () => void copyText(window.location.href) }]),
  ]);
  const turn = useRef((key: number) =>
    setTurned((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    }),
  ).current;

  return (
    <div className="relative">
      <LogToolbar
        {...{ runId, variation, search, query, show, wrap, time, raw, marked }}
        onQuery={(next) => {
          setQuery(next);
          setMatch(null);
        }}
        matches={matches.length}
        match={match === null ? 0 : matches.indexOf(match) + 1}
        onStep={step}
        onShow={setShow}
        onWrap={setWrap}
        onTime={setTime}
        onRaw={(next) => {
          setRaw(next);
          setMatch(null);
        }}
        following={pinned}
        onFollow={(follow) => (follow ? pin() : unpin())}
        allText={() => textOfAll(all)}
      />
      {earlier.before > 0 && <EarlierRow {...earlier} />}
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={`${capital(words(variation))} output`}
        data-log-scroller
        tabIndex={0}
        onScroll={onScroll}
        onClick={onClick}
        className="relative h-[max(20rem,calc(100dvh-26rem))] overflow-x-auto overflow-y-auto py-sm font-mono text-caption [overflow-anchor:none] -outline-offset-2 max-md:h-[max(20rem,calc(100dvh-12rem))]"
      >
        {shown.length === 0 && <p className="px-md font-sans text-neutral-shadow-ink">{rows.end === 0 ? "Nothing printed yet." : "No line matches."}</p>}
        <div className="relative w-full" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows.get(numberAt(item.index));
            if (row === undefined) return null;
            const look = { time, wrap, query: wanted, marked: marked !== null && row.line === marked };
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="absolute top-0 left-0 w-full data-[wide]:w-max data-[wide]:min-w-full"
                data-wide={wrap ? undefined : ""}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {isReadable(row) ? (
                  <ReadableRow row={row} {...look} folded={hasSubs(rows.get(row.key + 1), row.key) ? isFolded(row, turned) : null} onFold={turn} />
                ) : (
                  <RawRow line={row} {...look} />
                )}
              </div>
            );
          })}
        </div>
      </div>
      {!pinned && (
        <Button variant="primary" className="absolute right-lg bottom-md rounded-full shadow-lg" onClick={pin}>
          <ArrowDownToLine aria-hidden />
          Jump to latest{rows.end > leftAt.current && ` · ${count(rows.end - leftAt.current)} new`}
        </Button>
      )}
    </div>
  );
}

/** What is no longer held in this page, and the way to it. */
function EarlierRow({ before, full, loading, error, load }: Omit<ReturnType<typeof useEarlierLines>, "rows">) {
  return (
    <div className="flex min-h-9 flex-wrap items-center gap-x-md gap-y-xs border-b bg-neutral-paper px-md py-xs text-caption text-neutral-shadow-ink">
      <p>
        {plural(before, "earlier line")} not kept in this page{full ? ": the download has them." : "."}
      </p>
      {!full && (
        <Button size="sm" disabled={loading} onClick={load}>
          <History aria-hidden />
          {loading ? "Loading…" : "Load earlier lines"}
        </Button>
      )}
      {error !== null && (
        <p role="alert" className="text-semantic-error-ink">
          {error}
        </p>
      )}
    </div>
  );
}

const hasSubs = (next: AnyRow | undefined, key: number): boolean => next !== undefined && isReadable(next) && next.head === key;

/** The line next to `marked` among those that are shown. */
function lineBeside(rows: LogRowsLike, shown: LogFilter<AnyRow>, from: number, by: 1 | -1, marked: number | null): { line: number; number: number } | null {
  for (let index = from; index >= 0 && index < shown.length; index += by) {
    const number = shown.at(index) ?? -1;
    const line = rows.get(number)?.line ?? 0;
    if (line > 0 && line !== marked) return { line, number };
  }
  return null;
}

/** The match after, or before, the one that is looked at; around at the ends. */
function nextMatch(matches: LogFilter<AnyRow>, match: number | null, by: 1 | -1): number | null {
  if (matches.length === 0) return null;
  if (match === null) return matches.at(by === 1 ? 0 : matches.length - 1) ?? null;
  const index = matches.indexOf(match) + by;
  return matches.at((index + matches.length) % matches.length) ?? null;
}

/** Scrolls to the line that the address names, once it is there. */
function useLookAtMarked(marked: number | null, log: VariationLog, rows: LogRowsLike, lookAt: (number: number) => void) {
  // Only what the page was opened with: a line that is clicked is in sight already.
  const looked = useRef(marked === null);
  const there = marked !== null && log.raw.end >= marked;
  useEffect(() => {
    if (marked === null || !there || looked.current) return;
    looked.current = true;
    const number = numberOfLine(rows, marked);
    if (number !== null) lookAt(number);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once; rows change with each line
  }, [marked, there]);
}
type LogRowsLike = Parameters<typeof numberOfLine>[0];

/** Keeps what is read where it is while rows before it are dropped. */
function useSteadyView(
  scroller: React.RefObject<HTMLDivElement | null>,
  virtual: { getVirtualItems: () => { index: number; start: number; key: React.Key }[]; measurementsCache: { start: number }[] },
  shown: LogFilter<AnyRow>,
  first: number,
  pinned: boolean,
) {
  const anchor = useRef<{ number: number; below: number } | null>(null);
  const before = useRef(first);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || pinned) {
      before.current = first;
      return;
    }
    if (before.current !== first && anchor.current !== null) {
      const start = virtual.measurementsCache[shown.indexOf(anchor.current.number)]?.start;
      if (start !== undefined) element.scrollTop = start + anchor.current.below;
    }
    before.current = first;
    const item = virtual.getVirtualItems().find(({ start }, index, items) => (items[index + 1]?.start ?? Infinity) > element.scrollTop && start >= 0);
    anchor.current = item === undefined ? null : { number: Number(item.key), below: element.scrollTop - item.start };
  });
}
