"use client";

import { Boxes, Brain, Clock, FileDiff, FlaskConical, FolderGit2, PanelLeft, PenLine, Wrench, type LucideIcon } from "lucide-react";
import { useBlind, useHue, useWords } from "@/hooks/useBlind";
import { visible } from "@/lib/ansi";
import { count, plural } from "@/lib/format";
import type { RunStore } from "@/lib/run-store";
import type { VariationState } from "@/lib/run-state";
import { hasEnded, type Run } from "@/lib/types";
import { cn } from "@/lib/utils";
import { KeyHint } from "../run/KeyHint";
import { Button } from "../ui/button";
import { CopyButton } from "../ui/copy";
import { Status } from "../ui/status";
import { Additions, Evidence, Measures } from "./AgentFacts";
import { CardBody } from "./CardBody";
import { RetryButton } from "./RetryButton";
import { SelectButton } from "./SelectButton";
import { StopButton } from "./StopButton";
import { Mark, Model, Settings } from "./Who";
import { canSelect, commandOf, details, lasting, statusWord } from "./words";

interface StreamCardProps {
  run: Run;
  store: RunStore;
  variation: VariationState;
  /** Among the cards, counted from 0. */
  place: number;
  selected: boolean;
  /** Another one was selected. */
  dimmed: boolean;
  /** Ids of those that have not ended. */
  running: readonly number[];
  now: number;
  /** The moment that the log is shown at, ms since the epoch; null for the newest. */
  cursor: number | null;
  onRetried: () => void;
  onFocus: () => void;
}

/** One agent: who, how it stands, what it prints now, and what came of it. */
export function StreamCard({ run, store, variation, place, selected, dimmed, running, now, cursor, onRetried, onFocus }: StreamCardProps) {
  const { id, status, patch } = variation;
  const ended = hasEnded(status);
  const command = commandOf(variation, run);
  const blind = useBlind() !== null;
  const [hue, words] = [useHue(), useWords()];
  const evidence = ended && (variation.checks.length > 0 || patch !== null || status === "cancelled" || variation.jobDeletedAt !== null);
  return (
    <article
      {...hue(id)}
      aria-labelledby={`agent-${id}`}
      className={cn(
        "@container flex min-h-[21.5rem] min-w-0 flex-col rounded-lg border border-l-4 border-l-agent bg-neutral-paper shadow-md max-md:min-h-0",
        selected && "ring-2 ring-agent-ink",
        dimmed && "bg-neutral-fog/45 shadow-none",
      )}
    >
      <header className="flex items-center gap-sm px-md pt-3">
        <Mark agent={id} />
        <h2 id={`agent-${id}`} className="min-w-0 truncate text-body-sm font-semibold">
          <Model variation={variation} />
        </h2>
        <Settings variation={variation} />
        <Status className="ml-auto" status={status} word={statusWord(variation)} />
      </header>
      <Measures variation={variation} now={now} className="px-md pt-xs" />
      <div className="mt-sm flex min-h-6 flex-wrap items-center gap-xs px-md">
        {evidence ? <Evidence variation={variation} /> : <Now variation={variation} store={store} now={now} />}
      </div>
      <CardBody runId={run.run_id} store={store} variation={variation} cursor={cursor} />
      <footer className="flex flex-wrap items-center gap-sm px-md py-3">
        <Button size="sm" onClick={onFocus} aria-label={`Focus ${words(id)}`}>
          <PanelLeft aria-hidden />
          Focus
          <span className="max-md:hidden pointer-coarse:hidden @max-[21rem]:hidden">
            <KeyHint>{place + 1}</KeyHint>
          </span>
        </Button>
        {/* The name of its Job has its number in it. */}
        {!blind && <CopyButton size="icon-sm" text={command} label={`Copy: ${command}`} />}
        <span className="ml-auto flex items-center gap-sm">
          {!ended && patch !== null && (
            <span className="text-caption">
              <Additions patch={patch} />
            </span>
          )}
          {!blind && ended && status !== "succeeded" && status !== "cancelled" && (
            <CopyButton size="sm" text={() => details(variation, command)} label="Copy what is known of how it ended">
              Details
            </CopyButton>
          )}
          <StopButton runId={run.run_id} variation={variation} />
          <RetryButton runId={run.run_id} variation={variation} onRetried={onRetried} />
          {canSelect(variation) && <SelectButton runId={run.run_id} variation={id} selected={selected} running={running} />}
        </span>
      </footer>
    </article>
  );
}

const STEP_ICONS = { clone: FolderGit2, context: FolderGit2, llm: PenLine, tool: Wrench, check: FlaskConical, diff: FileDiff, other: Boxes } as const;

/** Silent for longer than this is worth a word, ms. */
const SILENCE_MS = 30_000;

/** What it does at this moment, and for how long. */
function Now({ variation, store, now }: { variation: VariationState; store: RunStore; now: number }) {
  const { status, step } = variation;
  const heard = store.log(variation.id)?.heardAt ?? 0;
  const silence = status === "running" && heard > 0 ? now - heard : 0;
  const Icon: LucideIcon = hasEnded(status) ? FileDiff : status === "queued" ? Clock : status === "starting" || step === null ? Boxes : step === "llm" && variation.now.endsWith("thinking") ? Brain : STEP_ICONS[step];
  return (
    <>
      <Icon aria-hidden className="size-4 shrink-0 text-neutral-shadow-ink" />
      <span className="min-w-0 flex-1 truncate pl-xs text-body-sm">{visible(nowText(variation))}</span>
      {silence > SILENCE_MS ? (
        <span className="text-caption text-semantic-warning-ink">no output for {plural(Math.floor(silence / 1000), "second")}</span>
      ) : (
        <span className="text-caption tabular-nums text-neutral-shadow-ink">{lasting(variation, now)}</span>
      )}
    </>
  );
}

/** What a queued one waits for, by the reason, where that is not a node. */
const WAITS: Record<string, string> = { WaitingForTurn: "Waiting for its turn", FailedCreate: "Waiting to be let in" };

function nowText(variation: VariationState): string {
  if (hasEnded(variation.status)) return variation.complete ? "It changed no file" : "Reading the end of its log";
  if (variation.status === "queued" && variation.position !== null) return `Waiting for its turn, number ${count(variation.position)} in the queue`;
  if (variation.status === "queued") return WAITS[variation.reason ?? ""] ?? "Waiting for a node";
  if (variation.status === "starting") return variation.reason === null ? "Waiting for its container" : "Starting its container";
  return variation.now === "" ? "Waiting for its first line" : variation.now;
}
