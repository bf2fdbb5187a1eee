"use client";

import { useBlind } from "@/hooks/useBlind";
import type { VariationState } from "@/lib/run-state";
import { cn } from "@/lib/utils";
import { AgentBadge } from "../ui/badge";
import { modelName } from "./words";

/** An agent's digit in its hue, or its letter in none. */
export function Mark({ agent, large = false }: { agent: number; large?: boolean }) {
  const blind = useBlind();
  if (blind === null) return <AgentBadge agent={agent} large={large} />;
  return (
    <span className={cn("inline-grid shrink-0 place-items-center bg-neutral-charcoal font-semibold text-neutral-white", large ? "size-7 rounded-md text-body-sm" : "size-5 rounded-sm text-caption leading-none")}>
      <span>
        <span className="sr-only">Candidate </span>
        {blind.names.get(agent)}
      </span>
    </span>
  );
}

/** Which model, or that it is hidden. */
export function Model({ variation }: { variation: VariationState }) {
  const blind = useBlind();
  return blind === null ? modelName(variation) : "Hidden";
}

/** What it was given beside its model, and which attempt it is; its settings tell who it is. */
export function Settings({ variation }: { variation: VariationState }) {
  const blind = useBlind();
  const words = [blind === null && variation.temperature !== null ? `temp ${variation.temperature}` : "", variation.attempt > 0 ? `attempt ${variation.attempt + 1}` : ""];
  return words.filter(Boolean).map((word) => (
    <span key={word} className="text-caption font-normal whitespace-nowrap text-neutral-shadow-ink">
      {word}
    </span>
  ));
}

/** Who, in a table: hidden while judged blind. */
export function WhoCell({ variation, instructions }: { variation: VariationState; instructions: string | null }) {
  const blind = useBlind();
  const settings = [variation.temperature === null ? "" : `temp ${variation.temperature}`, instructions ?? ""].filter(Boolean).join(", ");
  return (
    <span className="flex min-w-0 items-center gap-sm">
      <Mark agent={variation.id} />
      <span className="min-w-0">
        <span className="block truncate font-semibold">
          <Model variation={variation} />
        </span>
        {blind === null && settings !== "" && (
          <span className={cn("block max-w-56 truncate text-caption text-neutral-shadow-ink", instructions !== null && "max-lg:max-w-36", "max-md:max-w-none")} title={settings}>
            {settings}
          </span>
        )}
      </span>
    </span>
  );
}
