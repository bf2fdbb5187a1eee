"use client";

import { usePatch } from "@/hooks/useAPI";
import { plural } from "@/lib/format";
import type { VariationState } from "@/lib/run-state";
import { Alert } from "../ui/alert";
import { LazyPatchView, PatchLoading } from "./LazyPatchView";
import { DiffLayoutSwitch } from "./layout";

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
  if (patch.data === undefined) return <PatchLoading />;
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-sm border-b px-md py-sm">
        <p className="text-caption text-neutral-shadow-ink">{plural(variation.patch?.files ?? 0, "file")} changed since the base</p>
        <DiffLayoutSwitch name="diff-layout" />
      </div>
      <LazyPatchView files={patch.data} />
    </>
  );
}
