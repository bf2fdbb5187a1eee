"use client";

import { EyeOff } from "lucide-react";
import { useSearchParams } from "next/navigation";
import { useMemo, useState } from "react";
import { usePatches } from "@/hooks/useAPI";
import { useBlind } from "@/hooks/useBlind";
import { agreement, editsTest, type Changes } from "@/lib/agreement";
import { isShared, runAddress } from "@/lib/share";
import type { RunState } from "@/lib/run-state";
import { runHasEnded, type Run } from "@/lib/types";
import { byEvidence } from "@/lib/verdict";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { AgreementMap } from "./AgreementMap";
import { ChecksPanel } from "./ChecksPanel";
import { Difference, type Sides } from "./Difference";
import { JudgePanel } from "./JudgePanel";
import { VerdictTable } from "./VerdictTable";

interface CompareViewProps {
  run: Run;
  state: RunState;
  selected: number | null;
  now: number;
  /** A variation is tried again: the run goes on. */
  onRetried: () => void;
  onBlind: (blind: boolean) => void;
}

/** The variations' evidence side by side, where their changes agree, and any two of them against each other. */
export function CompareView({ run, state, selected, now, onRetried, onBlind }: CompareViewProps) {
  const search = useSearchParams();
  const blind = useBlind() !== null;
  const [wanted, setWanted] = useState<{ path: string } | null>(null);
  const withPatch = state.variations.filter((variation) => variation.complete && variation.patch !== null).map(({ id }) => id);
  const { patches, error } = usePatches(run.run_id, withPatch);

  const key = withPatch.join();
  const changes: Changes = useMemo(() => {
    const order = key.split(",");
    return new Map(run.variations.map(({ variation_id: id }) => [id, patches[order.indexOf(String(id))] ?? null]));
  }, [patches, key, run]);
  const rows = useMemo(() => agreement(changes), [changes]);
  const testsEdited = (id: number) => changes.get(id)?.filter(editsTest).length ?? null;
  const ranked = byEvidence(state.variations, (id) => testsEdited(id) ?? 0);
  const columns = state.variations.map(({ id }) => id);
  const candidates = ranked.filter(({ id }) => withPatch.includes(id));
  const sides = sidesOf(search, withPatch, selected ?? candidates[0]?.id ?? null);

  const onSides = ({ a, b }: Sides) => {
    // Not the router's way: it would ask the server for the page again.
    window.history.replaceState(null, "", runAddress(run.run_id, { view: "compare", ...(a === "base" ? {} : { a: String(a + 1) }), b: String(b + 1) }));
  };
  const show = (agent: number, path: string | null) => {
    setWanted(path === null ? null : { path });
    onSides({ a: path === null && sides !== null && sides.a !== agent ? sides.a : "base", b: agent });
  };

  return (
      <div className="grid gap-md">
        <VerdictTable
          run={run}
          ranked={ranked}
          testsEdited={testsEdited}
          blind={blind}
          shown={sides?.b ?? null}
          selected={selected}
          now={now}
          onRetried={onRetried}
          onShow={(id) => show(id, null)}
        >
          {selected === null && (
            <Button size="sm" aria-pressed={blind} onClick={() => onBlind(!blind)} title="Hides who did what until you pick">
              <EyeOff aria-hidden />
              Blind
            </Button>
          )}
        </VerdictTable>
        {error !== null && <Alert tone="error">{error.message}</Alert>}
        {/* Its reasons name the agents by number. */}
        {!blind && runHasEnded(run.status) && ((withPatch.length > 1 && !isShared()) || run.judgement != null) && <JudgePanel runId={run.run_id} judgement={run.judgement ?? null} />}
        {/* Beside the difference where there is room; below its map, and above the checks, on a phone. */}
        <div className="grid items-start gap-md md:grid-cols-2 xl:grid-cols-[minmax(0,1fr)_25rem] xl:grid-rows-[auto_1fr]">
          <div className="order-2 min-w-0 md:order-3 md:col-span-2 xl:order-none xl:col-span-1 xl:row-span-2">
            {sides === null ? (
              <p className="rounded-lg border border-dashed p-xl text-center text-neutral-shadow-ink">No agent has left a change yet: the differences are shown here as soon as one has.</p>
            ) : (
              <Difference runId={run.run_id} candidates={candidates} changes={changes} sides={sides} onSides={onSides} wanted={wanted} />
            )}
          </div>
          <div className="order-1 min-w-0 empty:hidden xl:order-none">{rows.length > 0 && <AgreementMap rows={rows} agents={columns} patches={withPatch.length} onShow={show} />}</div>
          <div className="order-3 min-w-0 empty:hidden md:order-2 xl:order-none">
            <ChecksPanel ranked={ranked} />
          </div>
        </div>
      </div>
  );
}

/** The sides that the address names, people's numbers; else one against the base. Null where nobody has a patch. */
function sidesOf(search: URLSearchParams, withPatch: readonly number[], best: number | null): Sides | null {
  const named = (name: string) => withPatch.find((id) => String(id + 1) === search.get(name));
  const b = named("b") ?? (best !== null && withPatch.includes(best) ? best : withPatch[0]);
  if (b === undefined) return null;
  const a = search.has("b") ? named("a") : undefined;
  return { a: a === undefined || a === b ? "base" : a, b };
}
