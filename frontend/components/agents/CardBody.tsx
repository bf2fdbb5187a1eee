"use client";

import { Ban, TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { usePatch } from "@/hooks/useAPI";
import { useStoreVersion } from "@/hooks/useAgentStream";
import { useWords } from "@/hooks/useBlind";
import { visible } from "@/lib/ansi";
import { tail, upperBound } from "@/lib/ring";
import type { RunStore } from "@/lib/run-store";
import type { VariationState } from "@/lib/run-state";
import { hasEnded } from "@/lib/types";
import { cn } from "@/lib/utils";
import { LogText } from "../log/LogText";
import { Prose } from "../ui/prose";
import { Additions, Blocks } from "./AgentFacts";

/** Rows of the log that a card shows. */
const TAIL = 12;
const TAIL_BELOW_CAUSE = 3;
/** As much as the cluster says at an end. */
const NOTES = 6;
const FILES = 4;

interface CardBodyProps {
  runId: string;
  store: RunStore;
  variation: VariationState;
  /** The moment that the log is shown at, ms since the epoch; null for the newest. */
  cursor: number | null;
}

/** The middle of a card: why it waits or failed, what it says now, or what came of it. */
export function CardBody({ runId, store, variation, cursor }: CardBodyProps) {
  const ended = hasEnded(variation.status);
  const failed = ended && variation.status !== "succeeded";
  const waiting = variation.status === "queued" || variation.status === "starting";
  const then = cursor !== null && variation.lines > 0;
  const showsCause = !then && variation.reason !== null && (waiting || failed);
  const showsResult = !then && variation.status === "succeeded" && variation.complete;
  const showsTail = then || (!showsResult && !showsCause && !waiting);
  return (
    <div className="relative mx-md mt-sm flex flex-1 flex-col justify-end gap-sm overflow-hidden rounded-md border bg-neutral-white p-3 max-md:min-h-44">
      {showsCause && <Cause variation={variation} />}
      {showsResult && <Result runId={runId} variation={variation} />}
      {showsCause && failed && <Tail store={store} variation={variation} rows={TAIL_BELOW_CAUSE} cursor={null} printed />}
      {waiting && !showsCause && !then && <Skeleton />}
      {showsTail && (
        // Out of the flow: a card keeps its height whatever its log says.
        <div className="absolute inset-x-3 inset-y-2 flex flex-col justify-end overflow-hidden">
          <Tail store={store} variation={variation} rows={TAIL} cursor={cursor} />
        </div>
      )}
    </div>
  );
}

/** Kubernetes' own word first, what it means, then what can be done. */
export function Cause({ variation }: { variation: VariationState }) {
  const Icon = variation.status === "cancelled" ? Ban : TriangleAlert;
  const ink = variation.status === "cancelled" ? "text-neutral-shadow-ink" : hasEnded(variation.status) ? "text-semantic-error-ink" : "text-semantic-warning-ink";
  return (
    <div className="flex flex-1 flex-col gap-sm">
      <p className="flex items-center gap-sm font-mono text-body-sm font-semibold">
        <Icon aria-hidden className={cn("size-4 shrink-0", ink)} />
        {visible(variation.reason ?? "")}
      </p>
      {variation.message !== null && variation.message !== "" && (
        <p className="line-clamp-6 font-mono text-caption whitespace-pre-wrap text-neutral-shadow-ink">{visible(variation.message)}</p>
      )}
      {variation.hint !== null && <p className="mt-auto border-t pt-sm"><Prose text={variation.hint} /></p>}
    </div>
  );
}

const WIDTHS = ["w-3/5", "w-3/4", "w-1/2", "w-2/3", "w-1/3"];

/** The place of lines to come. It stands still: five that shimmer keep a processor busy with waiting. */
function Skeleton() {
  return (
    <div aria-hidden className="mb-auto grid gap-sm pt-xs">
      {WIDTHS.map((width) => (
        <span key={width} className={cn("skeleton h-3", width)} />
      ))}
    </div>
  );
}

/** The newest rows, or those that were the newest at `cursor`. A card that is out of sight is not drawn anew. */
function Tail({ store, variation, rows, cursor, printed = false }: { store: RunStore; variation: VariationState; rows: number; cursor: number | null; printed?: boolean }) {
  const words = useWords();
  const list = useRef<HTMLOListElement>(null);
  const inSight = useInSight(list);
  const lines = { store, id: variation.id, rows, printed };
  const live = inSight && !hasEnded(variation.status);
  return (
    <ol ref={list} className="grid font-mono text-caption" aria-label={`${cursor === null ? "Newest" : "Then newest"} lines of ${words(variation.id)}`}>
      {live ? <LiveLines {...lines} cursor={cursor} caret={cursor === null} /> : <Lines {...lines} cursor={cursor} caret={false} />}
    </ol>
  );
}

interface LinesProps {
  store: RunStore;
  id: number;
  rows: number;
  cursor: number | null;
  caret: boolean;
  /** Only what the agent printed, not what the cluster said. */
  printed: boolean;
}

function LiveLines(props: LinesProps) {
  useStoreVersion(props.store);
  return <Lines {...props} />;
}

function Lines({ store, id, rows, cursor, caret, printed }: LinesProps) {
  const log = store.log(id)?.readable;
  if (log === undefined) return null;
  const end = cursor === null ? log.end : upperBound(log, cursor, ({ time }) => Date.parse(time));
  const newest = tail(log, printed ? rows + NOTES : rows, end);
  const shown = printed ? newest.filter(({ line }) => line > 0).slice(-rows) : newest;
  return shown.map((row, index) => (
    <li key={row.key} className={cn("max-h-15 overflow-hidden wrap-anywhere whitespace-pre-wrap", row.sub === true && "pl-sm")}>
      <LogText row={row} limit={400} />
      {caret && index === shown.length - 1 && <span aria-hidden className="ml-px inline-block h-4 w-2 animate-caret bg-neutral-charcoal align-text-bottom" />}
    </li>
  ));
}

function useInSight(element: React.RefObject<Element | null>): boolean {
  const [inSight, setInSight] = useState(true);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new IntersectionObserver((entries) => setInSight(entries.at(-1)?.isIntersecting ?? true));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return inSight;
}

function Result({ runId, variation }: { runId: string; variation: VariationState }) {
  const patch = usePatch(runId, variation.id, variation.patch !== null);
  const files = patch.data ?? [];
  return (
    <>
      <p className="mb-auto line-clamp-6 whitespace-pre-wrap"><Prose text={variation.summary ?? "It ended without a word about its work."} /></p>
      {patch.isError && <p className="text-caption text-semantic-error-ink">{patch.error.message}</p>}
      {files.length > 0 && (
        <ul className="grid gap-xs border-t pt-sm font-mono text-caption">
          {files.slice(0, FILES).map((file) => (
            <li key={file.path} className="flex items-center gap-sm">
              <span className="min-w-0 flex-1 truncate" title={visible(file.path)}>
                {visible(file.path)}
              </span>
              <Additions patch={file} />
              <Blocks patch={file} />
            </li>
          ))}
          {files.length > FILES && <li className="text-neutral-shadow-ink">and {files.length - FILES} more</li>}
        </ul>
      )}
    </>
  );
}
