"use client";

import { Bot, Boxes, CircleAlert, FileDiff, FlaskConical, MessageSquare, TriangleAlert, Wrench, type LucideIcon } from "lucide-react";
import { useStoreVersion } from "@/hooks/useAgentStream";
import { clock, count, plural } from "@/lib/format";
import type { Row, RowKind } from "@/lib/readable";
import type { Rows } from "@/lib/ring";
import type { RunStore } from "@/lib/run-store";
import { cn } from "@/lib/utils";
import { AnsiText } from "../log/LogText";
import { Button } from "../ui/button";

/** A step of an agent's work: what it said, called, or checked. */
interface Activity {
  row: Row;
  /** How many rows belong to it. */
  rows: number;
}

const ICONS: Partial<Record<RowKind, LucideIcon>> = {
  kube: Boxes,
  status: Bot,
  text: MessageSquare,
  tool: Wrench,
  check: FlaskConical,
  patch: FileDiff,
  end: Bot,
  error: CircleAlert,
  gap: TriangleAlert,
};
/** More steps than this are not drawn; the log has them. */
const DRAWN = 400;
const NOTHING = new Set<RowKind>(["usage", "think", "line"]);

/** The log by steps instead of lines: paragraphs of text are one, a call with its output is one. */
export function ActivityPanel({ store, variation, onLine }: { store: RunStore; variation: number; onLine: (line: number) => void }) {
  useStoreVersion(store);
  const rows = store.log(variation)?.readable;
  const steps = rows === undefined ? [] : activities(rows);
  if (steps.length === 0) return <p className="p-md text-neutral-shadow-ink">Nothing done yet.</p>;
  return (
    <ol className="grid max-h-[max(20rem,calc(100dvh-23rem))] overflow-y-auto py-sm" tabIndex={0} aria-label="Steps">
      {steps.length > DRAWN && <li className="px-md py-xs text-caption text-neutral-shadow-ink">{count(steps.length - DRAWN)} earlier steps are in the log.</li>}
      {steps.slice(-DRAWN).map(({ row, rows: belonging }) => {
        const Icon = ICONS[row.kind] ?? MessageSquare;
        const bad = row.tone === "bad";
        return (
          <li key={row.key} className={cn("grid grid-cols-[1rem_minmax(0,1fr)_auto] items-start gap-x-3 px-md py-1 hover:bg-neutral-paper", bad && "bg-semantic-error/8")}>
            <Icon aria-hidden className={cn("mt-1.5 size-4", bad ? "text-semantic-error-ink" : row.tone === "ok" ? "text-semantic-success-ink" : row.tone === "warn" ? "text-semantic-warning-ink" : "text-neutral-shadow-ink")} />
            <div className="min-w-0">
              <p className={cn("line-clamp-3 py-1 wrap-anywhere", row.kind !== "text" && "font-mono text-caption")}>
                {row.lead !== undefined && <b className="font-semibold">{<AnsiText text={row.lead} />} </b>}
                <AnsiText text={row.text} />
                {row.aside !== undefined && row.aside !== "" && <span className={bad ? "text-semantic-error-ink" : "text-neutral-shadow-ink"}> {row.aside}</span>}
              </p>
            </div>
            <span className="flex min-h-7 items-center gap-sm text-caption tabular-nums text-neutral-shadow-ink">
              <time className="max-md:hidden">{clock(row.time)}</time>
              {row.line === 0 ? (
                <span className="min-w-20 max-md:min-w-0" />
              ) : (
                <Button variant="ghost" size="sm" className="min-w-20 justify-end text-neutral-shadow-ink max-md:min-w-0" aria-label={`Line ${row.line} in the log`} onClick={() => onLine(row.line)}>
                  {belonging > 0 ? plural(belonging, "line") : `Line ${count(row.line)}`}
                </Button>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function activities(rows: Rows<Row>): Activity[] {
  const found: Activity[] = [];
  for (let number = rows.first; number < rows.end; number += 1) {
    const row = rows.get(number);
    if (row === undefined || NOTHING.has(row.kind)) continue;
    const last = found.at(-1);
    if (row.sub === true) {
      if (last !== undefined) last.rows += 1;
    } else if (row.kind === "text" && last?.row.kind === "text") {
      // The paragraph goes on; blank lines are no step.
      if (last.row.text === "") last.row = row;
      last.rows += 1;
    } else {
      found.push({ row, rows: 0 });
    }
  }
  return found.filter(({ row }) => row.text !== "" || row.lead !== undefined);
}
