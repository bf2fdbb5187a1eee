"use client";

import { visible } from "@/lib/ansi";
import { followLogs } from "@/lib/commands";
import { count, exitText } from "@/lib/format";
import type { RunState, VariationState } from "@/lib/run-state";
import type { RunStore } from "@/lib/run-store";
import type { Run } from "@/lib/types";
import { cn } from "@/lib/utils";
import { DiffPanel } from "../diff/DiffPanel";
import { AnsiText } from "../log/LogText";
import { LogView } from "../log/LogView";
import { AgentBadge } from "../ui/badge";
import { CopyLine } from "../ui/copy";
import { Status } from "../ui/status";
import { Count, Tabs, TabsContent, TabsList, TabsTrigger } from "../ui/tabs";
import { Additions, Evidence, Measures } from "./AgentFacts";
import { Cause } from "./CardBody";
import { SelectButton } from "./SelectButton";
import { canSelect, modelName, statusWord } from "./words";

interface AgentFocusProps {
  run: Run;
  store: RunStore;
  state: RunState;
  agent: number;
  selected: number | null;
  now: number;
  onAgent: (agent: number) => void;
}

/** One agent with all it printed and changed; the others stay in sight beside it. */
export function AgentFocus({ run, store, state, agent, selected, now, onAgent }: AgentFocusProps) {
  const variation = state.variations.find(({ id }) => id === agent) ?? state.variations[0];
  if (variation === undefined) return null;
  return (
    <div className="grid items-start gap-md md:grid-cols-[14rem_minmax(0,1fr)] xl:grid-cols-[17rem_minmax(0,1fr)]">
      <nav aria-label="Agents" className="grid gap-sm max-md:grid-cols-5 md:sticky md:top-[4.25rem]">
        {state.variations.map((each) => (
          <RailItem key={each.id} variation={each} current={each.id === variation.id} onClick={() => onAgent(each.id)} />
        ))}
      </nav>
      <Viewer key={variation.id} run={run} store={store} variation={variation} selected={selected === variation.id} now={now} />
    </div>
  );
}

function RailItem({ variation, current, onClick }: { variation: VariationState; current: boolean; onClick: () => void }) {
  return (
    <button
      type="button"
      data-agent={variation.id + 1}
      aria-current={current ? "true" : undefined}
      onClick={onClick}
      className={cn(
        "grid min-w-0 gap-xs rounded-lg border border-l-4 border-l-agent bg-neutral-paper p-3 text-left hover:border-neutral-edge/70 hover:border-l-agent max-md:justify-items-center max-md:p-sm",
        current && "bg-neutral-white shadow-md ring-2 ring-agent-ink",
      )}
    >
      <span className="flex w-full min-w-0 flex-wrap items-center gap-x-sm max-md:justify-center">
        <AgentBadge agent={variation.id} />
        <span className="min-w-0 flex-1 truncate font-semibold max-md:sr-only">{modelName(variation)}</span>
        <Status status={variation.status} word={statusWord(variation)} className="max-xl:w-full max-xl:pl-7 max-md:sr-only" />
      </span>
      <span className="truncate pl-7 text-caption text-neutral-shadow-ink max-md:hidden">
        {variation.patch === null ? visible(variation.reason ?? variation.now) : <Additions patch={variation.patch} />}
      </span>
    </button>
  );
}

function Viewer({ run, store, variation, selected, now }: { run: Run; store: RunStore; variation: VariationState; selected: boolean; now: number }) {
  const command = followLogs(variation.jobName, run.namespace);
  return (
    <section data-agent={variation.id + 1} aria-labelledby="viewed" className="min-w-0 overflow-clip rounded-lg border bg-neutral-white shadow-md">
      <div className="flex flex-wrap items-center gap-3 border-t-3 border-agent bg-neutral-paper px-md py-3">
        <AgentBadge agent={variation.id} large />
        <div className="min-w-0 flex-1">
          <h2 id="viewed" className="text-body-sm font-semibold">
            {modelName(variation)}
            {variation.temperature !== null && <span className="text-caption font-normal text-neutral-shadow-ink"> temp {variation.temperature}</span>}
          </h2>
          <Measures variation={variation} now={now} />
        </div>
        <CopyLine command={command} label="Copy the kubectl command" className="flex-[0_1_31rem] max-lg:hidden" />
        <Status status={variation.status} word={statusWord(variation)} />
        {canSelect(variation) && <SelectButton runId={run.run_id} variation={variation.id} selected={selected} size="md" />}
      </div>
      <Tabs defaultValue="log">
        <TabsList aria-label={`Agent ${variation.id + 1}`}>
          <TabsTrigger value="result">Result</TabsTrigger>
          <TabsTrigger value="log">
            Log <Count>{count(variation.lines)}</Count>
          </TabsTrigger>
          <TabsTrigger value="diff">
            Diff
            {variation.patch !== null && (
              <Count>
                +{variation.patch.additions} −{variation.patch.deletions}
              </Count>
            )}
          </TabsTrigger>
        </TabsList>
        <TabsContent value="result" className="p-md">
          <ResultPanel variation={variation} />
        </TabsContent>
        <TabsContent value="log">
          <LogView runId={run.run_id} store={store} variation={variation.id} />
        </TabsContent>
        <TabsContent value="diff">
          <DiffPanel runId={run.run_id} variation={variation} />
        </TabsContent>
      </Tabs>
    </section>
  );
}

function ResultPanel({ variation }: { variation: VariationState }) {
  return (
    <div className="grid gap-md">
      {variation.reason !== null && <Cause variation={variation} />}
      <p className="max-w-[46rem] text-body whitespace-pre-wrap">{visible(variation.summary ?? "No result yet.")}</p>
      <div className="flex flex-wrap gap-xs">
        <Evidence variation={variation} />
      </div>
      {variation.checks.map((check, index) => (
        <figure key={index} className="overflow-hidden rounded-md border">
          <figcaption className="border-b bg-neutral-paper px-3 py-sm font-mono text-caption">
            $ {check.command}{" "}
            <span className="text-neutral-shadow-ink">
              {exitText(check.exit_code)}, {check.seconds.toFixed(1)} s
            </span>
          </figcaption>
          <pre tabIndex={0} aria-label={`Output of ${check.command}`} className="max-h-96 overflow-auto p-3 text-caption whitespace-pre-wrap">
            <AnsiText text={check.output_tail} />
          </pre>
        </figure>
      ))}
    </div>
  );
}
