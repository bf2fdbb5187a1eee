"use client";

import { useQueryClient } from "@tanstack/react-query";
import { Columns2, LayoutGrid, PanelLeft } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect } from "react";
import { refreshRun } from "@/hooks/useAPI";
import { useAgentStream } from "@/hooks/useAgentStream";
import { useNow } from "@/hooks/useNow";
import { hasEnded, runHasEnded, type Run } from "@/lib/types";
import { StreamCard } from "../agents/StreamCard";
import { StreamGrid } from "../agents/StreamGrid";
import { Segmented } from "../ui/segmented";
import { Announcer } from "./Announcer";
import { ConnectionBanner } from "./ConnectionBanner";
import { KubectlPanel } from "./KubectlPanel";
import { RunHead } from "./RunHead";
import { SelectionBar } from "./SelectionBar";

/** The other views are looked at after the grid: their code comes when they are. */
const AgentFocus = dynamic(() => import("../agents/AgentFocus").then((module) => module.AgentFocus), {
  loading: () => <div aria-busy="true" aria-label="Loading" className="skeleton h-96 animate-shimmer" />,
});

const CompareView = dynamic(() => import("../compare/CompareView").then((module) => module.CompareView), {
  loading: () => <div aria-busy="true" aria-label="Loading" className="skeleton h-96 animate-shimmer" />,
});

const VIEWS = [
  {
    value: "grid",
    label: (
      <>
        <LayoutGrid aria-hidden />
        Grid
      </>
    ),
  },
  {
    value: "focus",
    label: (
      <>
        <PanelLeft aria-hidden />
        Focus
      </>
    ),
  },
  {
    value: "compare",
    label: (
      <>
        <Columns2 aria-hidden />
        Compare
      </>
    ),
  },
] as const;
type View = (typeof VIEWS)[number]["value"];

/** A run, live and afterwards. What is looked at is in the address, so that a reload shows the same. */
export function RunView({ run }: { run: Run }) {
  const { store, state, connection, retryNow } = useAgentStream(run);
  const client = useQueryClient();
  const router = useRouter();
  const search = useSearchParams();
  const ended = runHasEnded(state.status);
  const now = useNow(!ended);
  const view: View = VIEWS.find(({ value }) => value === search.get("view"))?.value ?? "grid";
  const focused = Number.parseInt(search.get("a") ?? "1", 10) - 1;
  const done = state.variations.filter((variation) => hasEnded(variation.status)).length;
  const selected = run.winning_variation_id ?? null;

  const show = (next: View, agent = focused) => {
    const query = new URLSearchParams({ run: run.run_id });
    if (next !== "grid") query.set("view", next);
    if (next === "focus") query.set("a", String(agent + 1));
    router.replace(`/stream?${query}`, { scroll: false });
  };

  useEffect(() => {
    document.title = `${ended ? "" : `${done}/${state.variations.length} done · `}${run.prompt.slice(0, 60)} · AIdeator`;
  }, [done, ended, run.prompt, state.variations.length]);
  useEffect(() => {
    // The end brings facts that only the API says.
    if (state.complete) void refreshRun(client, run.run_id);
  }, [client, run.run_id, state.complete]);

  return (
    <>
      <RunHead run={run} state={state} connection={connection} now={now}>
        <Segmented label="View" name="view" options={VIEWS} value={view} onChange={(next) => show(next)} />
      </RunHead>
      <ConnectionBanner connection={connection} onRetry={retryNow} />
      {view === "focus" && (
        <AgentFocus run={run} store={store} state={state} agent={focused} selected={selected} now={now} onAgent={(agent) => show("focus", agent)} />
      )}
      {view === "compare" && <CompareView run={run} state={state} selected={selected} now={now} />}
      {view === "grid" && (
        <StreamGrid>
          {state.variations.map((variation) => (
            <StreamCard
              key={variation.id}
              run={run}
              store={store}
              variation={variation}
              selected={selected === variation.id}
              now={now}
              onFocus={() => show("focus", variation.id)}
            />
          ))}
          <KubectlPanel run={run} state={state} />
        </StreamGrid>
      )}
      {selected !== null && (
        <SelectionBar run={run} variation={selected} changed={state.variations.some(({ id, patch }) => id === selected && patch !== null)} />
      )}
      <Announcer state={state} />
    </>
  );
}
