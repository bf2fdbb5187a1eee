"use client";

import { useState } from "react";
import { visible } from "@/lib/ansi";
import { useSelect } from "@/hooks/useAPI";
import { useBlind, useHue, useWords } from "@/hooks/useBlind";
import { useCommands } from "@/hooks/useCommands";
import { useSwipe } from "@/hooks/useSwipe";
import { capital, count, exitText } from "@/lib/format";
import type { RunState, VariationState } from "@/lib/run-state";
import { tail } from "@/lib/ring";
import { isShared } from "@/lib/share";
import type { RunStore } from "@/lib/run-store";
import { hasEnded, type Run } from "@/lib/types";
import { cn } from "@/lib/utils";
import { DiffPanel } from "../diff/DiffPanel";
import { AnsiText, LogText } from "../log/LogText";
import { LogView } from "../log/LogView";
import { KeyHint } from "../run/KeyHint";
import { MobileBar } from "../run/MobileBar";
import { CopyButton, CopyLine } from "../ui/copy";
import { Confirm } from "../ui/dialog";
import { Prose } from "../ui/prose";
import { Status } from "../ui/status";
import { Count, Tabs, TabsContent, TabsList, TabsTrigger } from "../ui/tabs";
import { ActivityPanel } from "./ActivityPanel";
import { Additions, Evidence, Measures } from "./AgentFacts";
import { Cause } from "./CardBody";
import { FollowUpLink } from "./FollowUpLink";
import { RetryButton } from "./RetryButton";
import { SelectButton } from "./SelectButton";
import { StopButton } from "./StopButton";
import { Mark, Model, Settings } from "./Who";
import { canSelect, commandOf, details, lasting, shortWord, statusWord } from "./words";

type Tab = "result" | "activity" | "log" | "diff";

interface AgentFocusProps {
  run: Run;
  store: RunStore;
  state: RunState;
  agent: number;
  selected: number | null;
  /** Ids of those that have not ended. */
  running: readonly number[];
  now: number;
  /** The line of the log that the address names. */
  line: number | null;
  onAgent: (agent: number) => void;
  onLine: (line: number | null) => void;
  /** An agent is tried again: the run goes on. */
  onRetried: () => void;
  onCompare: () => void;
}

/** One agent with all it printed and changed; the others stay in sight beside it. */
export function AgentFocus({ run, store, state, agent, selected, running, now, line, onAgent, onLine, onRetried, onCompare }: AgentFocusProps) {
  const variation = state.variations.find(({ id }) => id === agent) ?? state.variations[0];
  // What is looked at of one is looked at of the next.
  const [tab, setTab] = useState<Tab>("log");
  /** The way that the last swipe went. */
  const [swiped, setSwiped] = useState<1 | -1 | null>(null);
  const swipe = useSwipe((by) => {
    const beside = state.variations[state.variations.findIndex(({ id }) => id === variation?.id) + by];
    if (beside === undefined) return;
    setSwiped(by);
    onAgent(beside.id);
  });
  if (variation === undefined) return null;
  return (
    <>
      <div className="grid items-start gap-md max-md:gap-3 md:grid-cols-[14rem_minmax(0,1fr)] xl:grid-cols-[17rem_minmax(0,1fr)]">
        <nav aria-label="Agents" className="grid gap-sm max-md:grid-cols-5 max-md:gap-xs md:sticky md:top-[4.25rem]">
          {state.variations.map((each) => (
            <RailItem
              key={each.id}
              variation={each}
              now={now}
              current={each.id === variation.id}
              onClick={() => {
                setSwiped(null);
                onAgent(each.id);
              }}
            />
          ))}
          <p aria-hidden className="flex flex-wrap items-center gap-xs px-3 pt-xs text-caption text-neutral-shadow-ink max-md:hidden pointer-coarse:hidden">
            <KeyHint>1</KeyHint> to <KeyHint>{state.variations.length}</KeyHint> switch, <KeyHint>/</KeyHint> search
          </p>
        </nav>
        <div key={variation.id} {...swipe} className={cn("min-w-0", swiped !== null && "max-md:animate-in max-md:duration-200", swiped === 1 && "max-md:slide-in-from-right-4", swiped === -1 && "max-md:slide-in-from-left-4")}>
          <Viewer {...{ run, store, variation, running, now, line, onLine, onRetried, tab }} onTab={setTab} selected={selected === variation.id} />
        </div>
      </div>
      {selected === null && <MobileBar run={run} variation={variation} running={running} agents={state.variations.map(({ id }) => id)} onAgent={onAgent} onCompare={onCompare} />}
    </>
  );
}

function RailItem({ variation, now, current, onClick }: { variation: VariationState; now: number; current: boolean; onClick: () => void }) {
  return (
    <button
      type="button"
      {...useHue()(variation.id)}
      aria-current={current ? "true" : undefined}
      onClick={onClick}
      className={cn(
        "grid min-w-0 gap-xs rounded-lg border border-l-4 border-l-agent bg-neutral-paper p-3 text-left hover:border-neutral-edge/70 hover:border-l-agent max-md:justify-items-center max-md:gap-0.5 max-md:rounded-md max-md:border-l max-md:border-l-neutral-fog max-md:px-xs max-md:py-1.5",
        current && "bg-neutral-white shadow-md ring-2 ring-agent-ink",
      )}
    >
      <span className="flex w-full min-w-0 flex-wrap items-center gap-x-sm max-md:flex-col max-md:gap-0.5">
        <Mark agent={variation.id} />
        <span className="min-w-0 flex-1 truncate font-semibold max-md:sr-only">
          <Model variation={variation} />
        </span>
        <Status status={variation.status} word={statusWord(variation)} className="max-xl:w-full max-xl:pl-7 max-md:hidden" />
        <Status status={variation.status} word={shortWord(variation)} className="gap-0.5 md:hidden" />
      </span>
      <span className="truncate pl-7 text-caption text-neutral-shadow-ink max-md:hidden">
        <RailLine variation={variation} now={now} />
      </span>
    </button>
  );
}

function RailLine({ variation, now }: { variation: VariationState; now: number }) {
  const { checks, patch, status, reason } = variation;
  if (hasEnded(status) && (checks.length > 0 || patch !== null)) {
    const passed = checks.filter(({ exit_code }) => exit_code === 0).length;
    return (
      <>
        {checks.length > 0 && `${passed} of ${checks.length} passed`}
        {checks.length > 0 && patch !== null && ", "}
        {patch !== null && <Additions patch={patch} />}
      </>
    );
  }
  return [visible(reason ?? variation.now), lasting(variation, now)].filter(Boolean).join(", ");
}

interface ViewerProps {
  run: Run;
  store: RunStore;
  variation: VariationState;
  selected: boolean;
  running: readonly number[];
  now: number;
  line: number | null;
  onLine: (line: number | null) => void;
  onRetried: () => void;
  tab: Tab;
  onTab: (tab: Tab) => void;
}

function Viewer({ run, store, variation, selected, running, now, line, onLine, onRetried, tab, onTab: setTab }: ViewerProps) {
  const [asking, setAsking] = useState(false);
  const select = useSelect(run.run_id);
  const { id, status, patch } = variation;
  const command = commandOf(variation, run);
  const blind = useBlind() !== null;
  const [hue, words] = [useHue(), useWords()];
  useCommands([
    { id: "result", group: "This agent", text: "Its result", keys: "E", run: () => setTab("result") },
    { id: "activity", group: "This agent", text: "Its activity, step by step", keys: "A", run: () => setTab("activity") },
    { id: "log", group: "This agent", text: "Its log", keys: "L", run: () => setTab("log") },
    { id: "diff", group: "This agent", text: "Its diff", keys: "D", run: () => setTab("diff") },
    ...(canSelect(variation) && !selected && !isShared() ? [{ id: "select", group: "This agent", text: "Select it; asks first", keys: "S", run: () => setAsking(true) }] : []),
  ]);
  return (
    <section {...hue(id)} aria-labelledby="viewed" className="min-w-0 overflow-clip rounded-lg border bg-neutral-white shadow-md">
      <div className="flex flex-wrap items-center gap-3 border-t-3 border-agent bg-neutral-paper px-md py-3 max-md:px-3">
        <Mark agent={id} large />
        <div className="min-w-0 flex-1">
          <h2 id="viewed" className="flex flex-wrap items-baseline gap-x-sm text-body-sm font-semibold">
            <Model variation={variation} />
            <Settings variation={variation} />
          </h2>
          <Measures variation={variation} now={now} />
        </div>
        {/* The name of its Job has its number in it. */}
        {!blind && (
          <>
            <CopyLine command={command} label={variation.jobDeletedAt === null ? "Copy the kubectl command" : "Copy the command for the stored log"} className="flex-[0_1_31rem] max-xl:hidden" />
            <span className="xl:hidden">
              <CopyButton size="icon" text={command} label={`Copy: ${command}`} />
            </span>
          </>
        )}
        <Status status={status} word={statusWord(variation)} className="max-md:hidden" />
        <StopButton runId={run.run_id} variation={variation} size="md" />
        <RetryButton runId={run.run_id} variation={variation} onRetried={onRetried} size="md" />
        <FollowUpLink runId={run.run_id} variation={variation} size="icon" />
        {canSelect(variation) && (
          // On a phone it is in the bar at the bottom.
          <span className={cn("flex items-center gap-sm", !selected && "max-md:hidden")}>
            <SelectButton runId={run.run_id} variation={id} selected={selected} running={running} size="md" />
          </span>
        )}
      </div>
      <Tabs value={tab} onValueChange={(value) => setTab(value as Tab)}>
        <TabsList aria-label={capital(words(id))}>
          <TabsTrigger value="result">Result</TabsTrigger>
          <TabsTrigger value="activity">
            Activity <Count>{count(variation.steps)}</Count>
          </TabsTrigger>
          <TabsTrigger value="log">
            Log <Count>{count(variation.lines)}</Count>
          </TabsTrigger>
          <TabsTrigger value="diff">
            Diff
            {patch !== null && (
              <Count className="max-md:hidden">
                +{patch.additions} −{patch.deletions}
              </Count>
            )}
          </TabsTrigger>
        </TabsList>
        <TabsContent value="result" className="p-md">
          <ResultPanel store={store} variation={variation} command={command} />
        </TabsContent>
        <TabsContent value="activity">
          <ActivityPanel
            store={store}
            variation={id}
            onLine={(next) => {
              onLine(next);
              setTab("log");
            }}
          />
        </TabsContent>
        <TabsContent value="log">
          <LogView runId={run.run_id} store={store} variation={id} attempt={variation.attempt} marked={line} onMark={onLine} />
        </TabsContent>
        <TabsContent value="diff">
          <DiffPanel runId={run.run_id} variation={variation} />
        </TabsContent>
      </Tabs>
      <Confirm open={asking} onOpenChange={setAsking} title={`Select ${words(id)}?`} action={`Select ${words(id)}`} onConfirm={() => select.mutate({ variation: id })}>
        The choice can be changed later.
      </Confirm>
    </section>
  );
}

/** Lines of the log that are shown below a cause. */
const LAST_LINES = 20;

function ResultPanel({ store, variation, command }: { store: RunStore; variation: VariationState; command: string }) {
  const failed = hasEnded(variation.status) && variation.status !== "succeeded";
  const rows = store.log(variation.id)?.readable;
  return (
    <div className="grid gap-md">
      {variation.reason !== null && <Cause variation={variation} />}
      <p className="max-w-[46rem] text-body whitespace-pre-wrap"><Prose text={variation.summary ?? (failed ? "It ended before it had a result." : "No result yet.")} /></p>
      <div className="flex flex-wrap gap-xs">
        <Evidence variation={variation} />
      </div>
      {failed && rows !== undefined && rows.end > 0 && (
        <figure className="min-w-0 overflow-hidden rounded-md border">
          <figcaption className="flex items-center justify-between gap-sm border-b bg-neutral-paper py-xs pr-xs pl-3 text-caption">
            Its last lines
            <CopyButton size="sm" text={() => details(variation, command)} label="Copy what is known of how it ended">
              Copy details
            </CopyButton>
          </figcaption>
          <ol className="overflow-x-auto p-3 font-mono text-caption">
            {tail(rows, LAST_LINES).map((row) => (
              <li key={row.key} className="wrap-anywhere whitespace-pre-wrap">
                <LogText row={row} />
              </li>
            ))}
          </ol>
        </figure>
      )}
      {variation.checks.map((check, index) => (
        <figure key={index} className="min-w-0 overflow-hidden rounded-md border">
          <figcaption className="border-b bg-neutral-paper px-3 py-sm font-mono text-caption">
            $ {visible(check.command)}{" "}
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
