"use client";

import { createContext, useContext } from "react";
import type { VariationState } from "@/lib/run-state";
import { cn } from "@/lib/utils";
import { modelName } from "../agents/words";
import { AgentBadge } from "../ui/badge";

/** Letters by agent while nobody is to know who did what; null while all is open. */
export const BlindNames = createContext<ReadonlyMap<number, string> | null>(null);

/** What identifies an agent to the styles: nothing, while it is to be judged blind. */
export function useHue(): (id: number) => { "data-agent"?: number } {
  const names = useContext(BlindNames);
  return (id) => (names === null ? { "data-agent": id + 1 } : {});
}

/** An agent in words, for labels: `agent 2`, or `candidate B`. */
export function useWords(): (id: number) => string {
  const names = useContext(BlindNames);
  return (id) => (names === null ? `agent ${id + 1}` : `candidate ${names.get(id) ?? "?"}`);
}

/** An agent's digit in its hue, or its letter in none. */
export function Mark({ agent }: { agent: number }) {
  const names = useContext(BlindNames);
  if (names === null) return <AgentBadge agent={agent} />;
  return (
    <span className="inline-grid size-5 shrink-0 place-items-center rounded-sm bg-neutral-charcoal text-caption leading-none font-semibold text-neutral-white">
      <span>
        <span className="sr-only">Candidate </span>
        {names.get(agent)}
      </span>
    </span>
  );
}

/** Which model, and with what: hidden while judged blind. */
export function WhoCell({ variation, instructions }: { variation: VariationState; instructions: string | null }) {
  const names = useContext(BlindNames);
  const settings = [variation.temperature === null ? "" : `temp ${variation.temperature}`, instructions ?? ""].filter(Boolean).join(", ");
  return (
    <span className="flex min-w-0 items-center gap-sm">
      <Mark agent={variation.id} />
      <span className="min-w-0">
        <span className="block truncate font-semibold">{names === null ? modelName(variation) : "Hidden"}</span>
        {names === null && settings !== "" && (
          <span className={cn("block max-w-56 truncate text-caption text-neutral-shadow-ink", instructions !== null && "max-lg:max-w-36", "max-md:max-w-none")} title={settings}>
            {settings}
          </span>
        )}
      </span>
    </span>
  );
}
