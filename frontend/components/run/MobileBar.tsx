"use client";

import { ChevronLeft, ChevronRight, Columns2 } from "lucide-react";
import { useHue, useWords } from "@/hooks/useBlind";
import { capital } from "@/lib/format";
import type { VariationState } from "@/lib/run-state";
import type { Run } from "@/lib/types";
import { SelectButton } from "../agents/SelectButton";
import { canSelect } from "../agents/words";
import { Button } from "../ui/button";

interface MobileBarProps {
  run: Run;
  variation: VariationState;
  running: readonly number[];
  /** Ids, in the order in which they are shown. */
  agents: readonly number[];
  onAgent: (agent: number) => void;
  onCompare: () => void;
}

/** What the thumb reaches on a phone: the agents before and after, and what to do with this one. */
export function MobileBar({ run, variation, running, agents, onAgent, onCompare }: MobileBarProps) {
  const { id } = variation;
  const [hue, words] = [useHue(), useWords()];
  const place = agents.indexOf(id);
  const before = agents.at(place - 1) ?? id;
  const after = agents[(place + 1) % agents.length] ?? id;
  return (
    <div
      role="region"
      aria-label={`${capital(words(id))} actions`}
      {...hue(id)}
      className="sticky bottom-0 z-30 -mx-md mt-3 flex items-center gap-sm border-t bg-neutral-white px-md py-sm pb-[max(0.5rem,env(safe-area-inset-bottom))] md:hidden"
    >
      <Button size="icon" className="size-11" aria-label={`Before: ${words(before)}`} disabled={agents.length < 2} onClick={() => onAgent(before)}>
        <ChevronLeft aria-hidden />
      </Button>
      <Button size="icon" className="size-11" aria-label={`Next: ${words(after)}`} disabled={agents.length < 2} onClick={() => onAgent(after)}>
        <ChevronRight aria-hidden />
      </Button>
      <Button className="min-h-11 flex-1" onClick={onCompare}>
        <Columns2 aria-hidden />
        Compare
      </Button>
      {canSelect(variation) && (
        <span className="flex flex-1 [&>button]:min-h-11 [&>button]:flex-1">
          <SelectButton runId={run.run_id} variation={id} selected={false} running={running} size="md" />
        </span>
      )}
    </div>
  );
}
