"use client";

import dynamic from "next/dynamic";
import { usePatch } from "@/hooks/useAPI";
import { plural } from "@/lib/format";
import type { VariationState } from "@/lib/run-state";
import { Alert } from "../ui/alert";
import { DiffLayoutSwitch } from "./layout";
import { Skeleton } from "@/components/ui/skeleton";

const Loading = () => <Skeleton className="m-md h-64" />;

/** Diffs are looked at late and not by everybody: their code comes when they do. */
const PatchView = dynamic(() => import("./PatchView").then((module) => module.PatchView), { loading: Loading });

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
  if (patch.data === undefined) return <Loading />;
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-sm border-b px-md py-sm">
        <p className="text-caption text-neutral-shadow-ink">{plural(variation.patch?.files ?? 0, "file")} changed since the base</p>
        <DiffLayoutSwitch name="diff-layout" />
      </div>
      <PatchView patch={patch.data} />
    </>
  );
}
