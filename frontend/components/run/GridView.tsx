"use client";

import { useState } from "react";
import { useBlind } from "@/hooks/useBlind";
import type { RunState } from "@/lib/run-state";
import type { RunStore } from "@/lib/run-store";
import { runHasEnded, type Run } from "@/lib/types";
import { StreamCard } from "../agents/StreamCard";
import { StreamGrid } from "../agents/StreamGrid";
import { KubectlPanel } from "./KubectlPanel";
import { Timeline } from "./Timeline";

interface GridViewProps {
  run: Run;
  store: RunStore;
  state: RunState;
  selected: number | null;
  /** Ids of those that have not ended. */
  running: readonly number[];
  now: number;
  /** An agent is tried again: the run goes on. */
  onRetried: () => void;
  onFocus: (agent: number) => void;
  /** An agent at a moment was asked for. */
  onPick: (agent: number, at: number) => void;
}

/** All agents at once: their lanes of time, then a card of each. Pointing at a moment shows all logs as they were then. */
export function GridView({ run, store, state, selected, running, now, onRetried, onFocus, onPick }: GridViewProps) {
  const blind = useBlind() !== null;
  const [cursor, setCursor] = useState<number | null>(null);
  return (
    <>
      <Timeline {...{ state, now, cursor, onPick }} from={Date.parse(run.created_at)} ended={runHasEnded(state.status)} onCursor={setCursor} />
      <StreamGrid>
        {state.variations.map((variation, place) => (
          <StreamCard
            key={variation.id}
            {...{ run, store, variation, place, running, now, cursor, onRetried }}
            selected={selected === variation.id}
            dimmed={selected !== null && selected !== variation.id}
            onFocus={() => onFocus(variation.id)}
          />
        ))}
        {/* Its commands name the agents by number. */}
        {!blind && <KubectlPanel run={run} state={state} />}
      </StreamGrid>
    </>
  );
}
