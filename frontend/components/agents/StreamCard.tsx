"use client";

import { PanelLeft } from "lucide-react";
import { visible } from "@/lib/ansi";
import { followLogs } from "@/lib/commands";
import type { RunStore } from "@/lib/run-store";
import type { VariationState } from "@/lib/run-state";
import { hasEnded, type Run } from "@/lib/types";
import { cn } from "@/lib/utils";
import { AgentBadge } from "../ui/badge";
import { Button } from "../ui/button";
import { CopyButton } from "../ui/copy";
import { Status } from "../ui/status";
import { Evidence, Measures } from "./AgentFacts";
import { CardBody } from "./CardBody";
import { SelectButton } from "./SelectButton";
import { canSelect, modelName, statusWord } from "./words";

interface StreamCardProps {
  run: Run;
  store: RunStore;
  variation: VariationState;
  selected: boolean;
  now: number;
  onFocus: () => void;
}

/** One agent: who, how it stands, what it prints now, and what came of it. */
export function StreamCard({ run, store, variation, selected, now, onFocus }: StreamCardProps) {
  const { id } = variation;
  const command = followLogs(variation.jobName, run.namespace);
  const evidence = variation.checks.length > 0 || variation.patch !== null;
  return (
    <article
      data-agent={id + 1}
      aria-labelledby={`agent-${id}`}
      className={cn(
        "flex min-h-[21.5rem] min-w-0 flex-col rounded-lg border border-l-4 border-l-agent bg-neutral-paper shadow-md max-md:min-h-0",
        selected && "ring-2 ring-agent-ink",
      )}
    >
      <header className="flex items-center gap-sm px-md pt-3">
        <AgentBadge agent={id} />
        <h2 id={`agent-${id}`} className="min-w-0 truncate text-body-sm font-semibold">
          {modelName(variation)}
        </h2>
        {variation.temperature !== null && (
          <span className="text-caption whitespace-nowrap text-neutral-shadow-ink">temp {variation.temperature}</span>
        )}
        <Status className="ml-auto" status={variation.status} word={statusWord(variation)} />
      </header>
      <Measures variation={variation} now={now} className="px-md pt-xs" />
      <div className="mt-sm flex min-h-6 flex-wrap items-center gap-xs px-md">
        {evidence ? <Evidence variation={variation} /> : <span className="min-w-0 truncate text-body-sm">{visible(nowText(variation))}</span>}
      </div>
      <CardBody runId={run.run_id} store={store} variation={variation} />
      <footer className="flex flex-wrap items-center gap-sm px-md py-3">
        <Button size="sm" onClick={onFocus} aria-label={`Focus agent ${id + 1}`}>
          <PanelLeft aria-hidden />
          Focus
        </Button>
        <CopyButton size="icon-sm" text={command} label={`Copy: ${command}`} />
        {canSelect(variation) && (
          <span className="ml-auto flex items-center gap-sm">
            <SelectButton runId={run.run_id} variation={id} selected={selected} />
          </span>
        )}
      </footer>
    </article>
  );
}

function nowText(variation: VariationState): string {
  if (hasEnded(variation.status)) return variation.complete ? "No change to the repository" : "Reading the end of its log";
  if (variation.status === "queued") return "Waiting for a node";
  if (variation.status === "starting") return "Waiting for its container";
  return variation.now;
}
