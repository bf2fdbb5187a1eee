import { ChevronDown, ChevronRight, TriangleAlert } from "lucide-react";
import { memo } from "react";
import { clock } from "@/lib/format";
import { levelOfText } from "@/lib/log-filter";
import type { Row } from "@/lib/readable";
import type { RawLine } from "@/lib/run-store";
import { cn } from "@/lib/utils";
import { AnsiText, LogText } from "./LogText";

/** Longer lines are cut in sight. */
const SHOWN = 8192;

export interface RowLook {
  time: boolean;
  wrap: boolean;
  query: string;
  /** It is the line that the address names. */
  marked: boolean;
}

const rowClass = (marked: boolean, bad: boolean) =>
  cn(
    "grid min-h-[1lh] gap-x-3 border-l-2 border-transparent pr-md max-md:gap-x-sm max-md:pr-3 hover:bg-neutral-paper",
    bad && "border-l-semantic-error-ink bg-semantic-error/8 hover:bg-semantic-error/8",
    marked && "border-l-semantic-warning-ink bg-semantic-warning/14 hover:bg-semantic-warning/14",
  );

const textClass = (wrap: boolean) => cn("min-w-0", wrap ? "wrap-anywhere whitespace-pre-wrap" : "whitespace-pre");

interface ReadableRowProps extends RowLook {
  row: Row;
  /** Null where nothing belongs to it. */
  folded: boolean | null;
  onFold: (key: number) => void;
}

export const ReadableRow = memo(function ReadableRow({ row, time, wrap, query, marked, folded, onFold }: ReadableRowProps) {
  if (row.kind === "gap") {
    return (
      <div role="note" className="hatched my-xs flex items-center gap-sm border-y border-dashed border-neutral-edge px-3 py-xs md:pl-14">
        <TriangleAlert aria-hidden className="size-3.5 shrink-0 text-semantic-warning-ink" />
        <span className="sticky left-3 rounded-sm bg-neutral-white px-sm py-0.5 whitespace-normal">
          <b className="font-semibold">{row.lead}.</b> {row.text}
        </span>
      </div>
    );
  }
  const bad = row.tone === "bad" ? row.sub !== true : row.sub === true && levelOfText(row.text) === "bad";
  return (
    <div
      data-line={row.line}
      className={cn(
        rowClass(marked, bad),
        time ? "grid-cols-[2.25rem_minmax(0,1fr)] md:grid-cols-[3.25rem_5.75rem_3rem_minmax(0,1fr)]" : "grid-cols-[2.25rem_minmax(0,1fr)] md:grid-cols-[3.25rem_3rem_minmax(0,1fr)]",
      )}
    >
      <span className="text-right text-neutral-shadow-ink select-none">{row.line === 0 || row.sub === true ? "" : row.line}</span>
      {time && <time className="text-neutral-shadow-ink select-none max-md:hidden">{row.sub === true ? "" : clock(row.time)}</time>}
      <span className="text-neutral-shadow-ink select-none max-md:hidden">{row.sub === true || row.kind === "line" ? "" : row.kind}</span>
      <span className={cn(textClass(wrap), row.sub === true && "ml-1.5 border-l pl-5")}>
        {folded !== null && (
          <button
            type="button"
            tabIndex={-1}
            aria-expanded={!folded}
            aria-label={folded ? "Show its output" : "Hide its output"}
            onClick={() => onFold(row.key)}
            className="-my-0.5 mr-0.5 -ml-1 inline-grid size-6 place-items-center rounded-sm align-top hover:bg-neutral-fog"
          >
            {folded ? <ChevronRight aria-hidden className="size-3.5" /> : <ChevronDown aria-hidden className="size-3.5" />}
          </button>
        )}
        <LogText row={row} query={query} />
        {row.text === "" && row.lead === undefined && " "}
      </span>
    </div>
  );
});

export const RawRow = memo(function RawRow({ line, time, wrap, query, marked }: RowLook & { line: RawLine }) {
  return (
    <div
      data-line={line.line}
      className={cn(rowClass(marked, false), time ? "grid-cols-[2.25rem_minmax(0,1fr)] md:grid-cols-[3.25rem_5.75rem_minmax(0,1fr)]" : "grid-cols-[2.25rem_minmax(0,1fr)] md:grid-cols-[3.25rem_minmax(0,1fr)]")}
    >
      <span className="text-right text-neutral-shadow-ink select-none">{line.line}</span>
      {time && <time className="text-neutral-shadow-ink select-none max-md:hidden">{clock(line.time)}</time>}
      <span className={textClass(wrap)}>
        <AnsiText text={line.content.length > SHOWN ? `${line.content.slice(0, SHOWN)}… (cut here, the download has the whole line)` : line.content} query={query} />
        {line.content === "" && " "}
      </span>
    </div>
  );
});
