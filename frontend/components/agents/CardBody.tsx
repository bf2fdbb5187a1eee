"use client";

import { TriangleAlert } from "lucide-react";
import { usePatch } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { fileStats } from "@/lib/diff";
import type { RunStore } from "@/lib/run-store";
import type { VariationState } from "@/lib/run-state";
import { hasEnded } from "@/lib/types";
import { LogText } from "../log/LogText";
import { Additions } from "./AgentFacts";

/** Rows of the log that a card shows. */
const TAIL = 12;
const TAIL_BELOW_CAUSE = 3;

interface CardBodyProps {
  runId: string;
  store: RunStore;
  variation: VariationState;
}

/** The middle of a card: why it waits or failed, what it says now, or what came of it. */
export function CardBody({ runId, store, variation }: CardBodyProps) {
  const ended = hasEnded(variation.status);
  const failed = ended && variation.status !== "succeeded";
  const waiting = variation.status === "queued" || variation.status === "starting";
  const showsCause = variation.reason !== null && (waiting || failed);
  const showsResult = variation.status === "succeeded" && variation.complete;
  return (
    <div className="relative mx-md mt-sm flex flex-1 flex-col justify-end gap-sm overflow-hidden rounded-md border bg-neutral-white p-3 max-md:min-h-44">
      {showsCause && <Cause variation={variation} />}
      {showsResult && <Result runId={runId} variation={variation} />}
      {!showsResult && !waiting && showsCause && <Tail store={store} variation={variation} rows={TAIL_BELOW_CAUSE} />}
      {!showsResult && !waiting && !showsCause && (
        // Out of the flow: a card keeps its height whatever its log says.
        <div className="absolute inset-x-3 inset-y-2 flex flex-col justify-end overflow-hidden">
          <Tail store={store} variation={variation} rows={TAIL} />
        </div>
      )}
    </div>
  );
}

/** Kubernetes' own word first, what it means, then what can be done. */
export function Cause({ variation }: { variation: VariationState }) {
  return (
    <div className="mb-auto grid gap-sm">
      <p className="flex items-center gap-sm font-mono text-body-sm font-semibold">
        <TriangleAlert aria-hidden className="size-4 shrink-0 text-semantic-warning-ink" />
        {variation.reason}
      </p>
      {variation.message !== null && <p className="line-clamp-6 font-mono text-caption whitespace-pre-wrap text-neutral-shadow-ink">{visible(variation.message)}</p>}
      {variation.hint !== null && <p className="border-t pt-sm">{variation.hint}</p>}
    </div>
  );
}

function Tail({ store, variation, rows }: { store: RunStore; variation: VariationState; rows: number }) {
  const tail = store.log(variation.id)?.readable.rows.tail(rows) ?? [];
  return (
    <ol className="grid font-mono text-caption" aria-label={`Newest lines of agent ${variation.id + 1}`}>
      {tail.map((row) => (
        <li key={row.key} className="max-h-15 overflow-hidden wrap-anywhere whitespace-pre-wrap">
          <LogText row={row} limit={400} />
        </li>
      ))}
    </ol>
  );
}

function Result({ runId, variation }: { runId: string; variation: VariationState }) {
  const patch = usePatch(runId, variation.id, variation.patch !== null);
  const files = patch.data === undefined ? [] : fileStats(patch.data);
  return (
    <>
      <p className="mb-auto line-clamp-6 whitespace-pre-wrap">{visible(variation.summary ?? "It ended without a word about its work.")}</p>
      {patch.isError && <p className="text-caption text-semantic-error-ink">{patch.error.message}</p>}
      {files.length > 0 && (
        <ul className="grid gap-xs border-t pt-sm font-mono text-caption">
          {files.slice(0, 4).map((file) => (
            <li key={file.path} className="flex items-center gap-sm">
              <span className="min-w-0 flex-1 truncate" title={file.path}>
                {visible(file.path)}
              </span>
              <Additions patch={file} />
            </li>
          ))}
          {files.length > 4 && <li className="text-neutral-shadow-ink">and {files.length - 4} more</li>}
        </ul>
      )}
    </>
  );
}
