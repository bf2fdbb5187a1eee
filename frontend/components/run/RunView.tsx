"use client";

import { useQueryClient } from "@tanstack/react-query";
import { Columns2, LayoutGrid, PanelLeft } from "lucide-react";
import dynamic from "next/dynamic";
import { useSearchParams } from "next/navigation";
import { useEffect, useState, type ReactNode } from "react";
import { refreshRun } from "@/hooks/useAPI";
import { useAgentStream } from "@/hooks/useAgentStream";
import { BlindContext, inOrder, useBlindChoice, wordsOf } from "@/hooks/useBlind";
import { useCommands } from "@/hooks/useCommands";
import { useNow } from "@/hooks/useNow";
import { isShared, runAddress } from "@/lib/share";
import { upperBound } from "@/lib/ring";
import type { RunState } from "@/lib/run-state";
import type { VariationLog } from "@/lib/run-store";
import { hasEnded, runHasEnded, type Run } from "@/lib/types";
import { Segmented } from "../ui/segmented";
import { Announcer } from "./Announcer";
import { BlindBanner, ConnectionBanner, DoneBanner, PauseBanner } from "./ConnectionBanner";
import { GridView } from "./GridView";
import { RunHead } from "./RunHead";
import { SelectionBar } from "./SelectionBar";
import { TabProgress } from "./TabProgress";
import { Skeleton } from "@/components/ui/skeleton";

const loading = () => <Skeleton className="h-96" />;

/** The other views are looked at after the grid: their code comes when they are. */
const AgentFocus = dynamic(() => import("../agents/AgentFocus").then((module) => module.AgentFocus), { loading });
const CompareView = dynamic(() => import("../compare/CompareView").then((module) => module.CompareView), { loading });
const IntegrityPanel = dynamic(() => import("./IntegrityPanel"));

const label = (icon: ReactNode, text: string) => (
  <>
    {icon}
    {text}
  </>
);
const VIEWS = [
  { value: "grid", label: label(<LayoutGrid aria-hidden />, "Grid") },
  { value: "focus", label: label(<PanelLeft aria-hidden />, "Focus") },
  { value: "compare", label: label(<Columns2 aria-hidden />, "Compare") },
] as const;
type View = (typeof VIEWS)[number]["value"];

/** What is looked at. It is in the address, so that a reload and a link show the same. */
function usePlace(runId: string) {
  const search = useSearchParams();
  const view: View = VIEWS.find(({ value }) => value === search.get("view"))?.value ?? "grid";
  const agent = Math.max(0, Number.parseInt(search.get("a") ?? "1", 10) - 1 || 0);
  const line = Number.parseInt(search.get("line") ?? "", 10) || null;
  const go = (next: View, nextAgent = agent, nextLine: number | null = null) => {
    const focus = next === "focus" ? { a: String(nextAgent + 1), ...(nextLine === null ? {} : { line: String(nextLine) }) } : {};
    // Not the router's way: it would ask the server for the page again.
    window.history.replaceState(null, "", runAddress(runId, { ...(next === "grid" ? {} : { view: next }), ...focus }));
  };
  return { view, agent, line, go };
}

/** A run, live and afterwards. */
export function RunView({ run }: { run: Run }) {
  const { store, state: told, live, paused, connection, recovery, retryNow } = useAgentStream(run);
  const client = useQueryClient();
  const { view, agent, line, go } = usePlace(run.run_id);
  const [proven, setProven] = useState(false);
  const selected = run.winning_variation_id ?? null;
  const [blind, setBlind] = useBlindChoice(run, selected !== null);
  const words = wordsOf(blind);
  const state = { ...told, variations: inOrder(blind, told.variations) };
  const ended = runHasEnded(state.status);
  const now = useNow(!ended && !paused);
  const [openedLive] = useState(!ended);

  const agents = state.variations.length;
  const running = ended ? [] : state.variations.filter(({ status }) => !hasEnded(status)).map(({ id }) => id);
  useCommands([
    { id: "grid", group: "This run", text: "Grid of all agents", keys: "G", run: () => go("grid") },
    { id: "focus", group: "This run", text: "Focus on one agent", keys: "F", run: () => go("focus") },
    { id: "compare", group: "This run", text: "Compare the results", keys: "C", run: () => go("compare") },
    ...state.variations.map(({ id }, place) => ({ id: `agent-${id}`, group: "This run", text: `Focus on ${words(id)}`, keys: String(place + 1), run: () => go("focus", id) })),
    ...(ended && !paused ? [] : [{ id: "pause", group: "This run", text: paused ? "Resume updates" : "Pause updates", keys: ".", run: () => store.togglePause() }]),
    ...(selected === null && agents > 1 ? [{ id: "blind", group: "This run", text: blind === null ? "Judge blind: hide who did what" : "Show who did what", keys: "B", run: () => setBlind(blind === null) }] : []),
    { id: "integrity", group: "This run", text: "How the stream is proved whole", keys: "I", run: () => setProven((shown) => !shown) },
  ]);
  useEffect(() => {
    // The end brings facts that only the API says.
    if (live.complete) void refreshRun(client, run.run_id);
  }, [client, run.run_id, live.complete]);

  return (
    <BlindContext.Provider value={blind}>
      <div data-paused={paused ? "" : undefined}>
        <RunHead {...{ run, state, connection, now, paused, proven }} onPause={() => store.togglePause()} onProve={setProven}>
          <Segmented label="View" name="view" options={VIEWS} value={view} onChange={(next) => go(next)} />
        </RunHead>
        {proven && <IntegrityPanel run={run} state={state} />}
        <ConnectionBanner connection={connection} recovery={recovery} onRetry={retryNow} />
        {blind !== null && view !== "compare" && <BlindBanner onShow={() => setBlind(false)} />}
        {paused && <PauseBanner lines={lineCount(live) - lineCount(state)} onResume={() => store.resume()} />}
        {openedLive && agents > 1 && view !== "compare" && selected === null && state.variations.every(({ status }) => hasEnded(status)) && (
          <DoneBanner agents={agents} onCompare={() => go("compare")} />
        )}
        {view === "focus" && (
          <AgentFocus
            {...{ run, store, state, agent, selected, running, now, line }}
            onAgent={(next) => go("focus", next)}
            onLine={(next) => go("focus", agent, next)}
            onRetried={retryNow}
            onCompare={() => go("compare")}
          />
        )}
        {view === "compare" && <CompareView run={run} state={state} selected={selected} now={now} onRetried={retryNow} onBlind={setBlind} />}
        {view === "grid" && (
          <GridView {...{ run, store, state, selected, running, now }} onRetried={retryNow} onFocus={(next) => go("focus", next)} onPick={(next, at) => go("focus", next, lineAt(store.log(next), at))} />
        )}
        {selected !== null && !isShared() && (
          <SelectionBar run={run} variation={selected} changed={state.variations.some(({ id, patch }) => id === selected && patch !== null)} />
        )}
        <TabProgress state={live} prompt={run.prompt} />
        <Announcer state={{ ...live, variations: inOrder(blind, live.variations) }} />
      </div>
    </BlindContext.Provider>
  );
}

const lineCount = (state: RunState): number => state.variations.reduce((sum, variation) => sum + variation.lines, 0);

/** The line that was the newest at a moment; null before the first. */
function lineAt(log: VariationLog | undefined, at: number): number | null {
  if (log === undefined) return null;
  return log.raw.get(upperBound(log.raw, at, ({ time }) => Date.parse(time)) - 1)?.line ?? null;
}
