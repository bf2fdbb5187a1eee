"use client";

import { useState } from "react";
import { AgentBadge } from "../ui/badge";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Status } from "../ui/status";
import { Additions } from "../agents/AgentFacts";
import { SelectButton } from "../agents/SelectButton";
import { canSelect, elapsed, modelName, statusWord } from "../agents/words";
import { DiffPanel } from "../diff/DiffPanel";
import { dollars, short } from "@/lib/format";
import type { RunState, VariationState } from "@/lib/run-state";
import type { Run } from "@/lib/types";
import { byEvidence, passed } from "@/lib/verdict";
import { cn } from "@/lib/utils";

interface CompareViewProps {
  run: Run;
  state: RunState;
  selected: number | null;
  now: number;
}

/** The variations' evidence side by side, best first, and the change of one of them. */
export function CompareView({ run, state, selected, now }: CompareViewProps) {
  const ranked = byEvidence(state.variations);
  const [chosen, setChosen] = useState<number | null>(null);
  const priced = state.variations.some(({ usage }) => usage?.cost_usd != null);
  const shown = state.variations.find(({ id }) => id === (chosen ?? selected ?? ranked[0]?.id));
  return (
    <div className="grid gap-md">
      <Card aria-label="Evidence" className="overflow-x-auto">
        <table className="w-full tabular-nums">
          <caption className="border-b px-md py-sm text-left text-caption text-neutral-shadow-ink">
            More checks passed first, then the smaller change. Time and cost do not count.
          </caption>
          <thead>
            <tr className="border-b text-left text-caption whitespace-nowrap text-neutral-shadow-ink [&>th]:px-3 [&>th]:py-sm [&>th]:font-medium">
              <th scope="col">Agent</th>
              <th scope="col">State</th>
              <th scope="col">Checks</th>
              <th scope="col">Files</th>
              <th scope="col">Lines</th>
              <th scope="col">Time</th>
              <th scope="col">Tokens</th>
              {priced && <th scope="col">Cost</th>}
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {ranked.map((variation) => (
              <Row
                key={variation.id}
                runId={run.run_id}
                variation={variation}
                now={now}
                priced={priced}
                shown={variation.id === shown?.id}
                selected={selected === variation.id}
                onShow={() => setChosen(variation.id)}
              />
            ))}
          </tbody>
        </table>
      </Card>
      {shown !== undefined && (
        <section data-agent={shown.id + 1} aria-labelledby="compared" className="min-w-0 overflow-clip rounded-lg border bg-neutral-white shadow-md">
          <h2 id="compared" className="flex items-center gap-sm border-t-3 border-b border-t-agent bg-neutral-paper px-md py-sm text-body-sm font-semibold">
            <AgentBadge agent={shown.id} /> against the base
          </h2>
          <DiffPanel key={shown.id} runId={run.run_id} variation={shown} />
        </section>
      )}
    </div>
  );
}

interface RowProps {
  runId: string;
  variation: VariationState;
  now: number;
  /** Whether any cost is known. */
  priced: boolean;
  shown: boolean;
  selected: boolean;
  onShow: () => void;
}

function Row({ runId, variation, now, priced, shown, selected, onShow }: RowProps) {
  const { id, checks, patch, usage } = variation;
  return (
    <tr data-agent={id + 1} className={cn("border-b last:border-b-0 [&>td]:h-12 [&>td]:px-3 [&>td]:whitespace-nowrap", shown && "bg-neutral-white shadow-[inset_4px_0_0_hsl(var(--a))]")}>
      <th scope="row" className="px-3 text-left font-normal whitespace-nowrap">
        <span className="flex items-center gap-sm">
          <AgentBadge agent={id} />
          {modelName(variation)}
          {variation.temperature !== null && <span className="text-caption text-neutral-shadow-ink">temp {variation.temperature}</span>}
        </span>
      </th>
      <td>
        <Status status={variation.status} word={statusWord(variation)} />
      </td>
      <td>
        {checks.length === 0 ? (
          <span className="text-neutral-shadow-ink">none</span>
        ) : (
          <span className={passed(variation) === checks.length ? "text-semantic-success-ink" : "text-semantic-error-ink"}>
            {passed(variation)} of {checks.length} passed
          </span>
        )}
      </td>
      <td>{patch?.files ?? 0}</td>
      <td>{patch === null ? "no change" : <Additions patch={patch} />}</td>
      <td>{elapsed(variation, now)}</td>
      <td>{usage === null ? "" : short(usage.input_tokens + usage.output_tokens)}</td>
      {priced && <td>{usage?.cost_usd == null ? "unknown" : dollars(usage.cost_usd)}</td>}
      <td>
        <span className="flex items-center justify-end gap-sm">
          <Button size="sm" aria-pressed={shown} onClick={onShow} aria-label={`Show the change of agent ${id + 1}`}>
            Diff
          </Button>
          {canSelect(variation) && <SelectButton runId={runId} variation={id} selected={selected} />}
        </span>
      </td>
    </tr>
  );
}
