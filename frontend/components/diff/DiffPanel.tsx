"use client";

import dynamic from "next/dynamic";
import { usePatch } from "@/hooks/useAPI";
import type { VariationState } from "@/lib/run-state";
import { Alert } from "../ui/alert";

const Skeleton = () => <div aria-busy="true" aria-label="Loading" className="skeleton m-md h-64 animate-shimmer" />;

/** Diffs are looked at late and not by everybody: their code comes when they do. */
const PatchView = dynamic(() => import("./PatchView").then((module) => module.PatchView), { loading: Skeleton });

/** The change of a variation against the commit it started from. */
export function DiffPanel({ runId, variation }: { runId: string; variation: VariationState }) {
  const ready = variation.patch !== null && variation.complete;
  const patch = usePatch(runId, variation.id, ready);
  if (!ready) {
    return <p className="p-md text-neutral-shadow-ink">{variation.complete ? "It changed nothing." : "The change is here when the agent has ended."}</p>;
  }
  if (patch.isError) {
    return (
      <Alert tone="error" className="m-md">
        {patch.error.message}
      </Alert>
    );
  }
  return patch.data === undefined ? <Skeleton /> : <PatchView patch={patch.data} />;
}
