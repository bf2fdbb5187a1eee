"use client";

import { Box, ShieldCheck, TriangleAlert } from "lucide-react";
import { useVerify } from "@/hooks/useAPI";
import { describeJob, followLogs, storedLog, streamLogs, watchPods } from "@/lib/commands";
import type { RunState } from "@/lib/run-state";
import { runHasEnded, type Run, type Verdict } from "@/lib/types";
import { cn } from "@/lib/utils";
import { Alert } from "../ui/alert";
import { CardHeader } from "../ui/card";
import { AgentBadge } from "../ui/badge";
import { Button } from "../ui/button";
import { CopyLine } from "../ui/copy";

const VERDICTS: Record<Verdict, string> = {
  identical: "the stored log is what kubectl logs prints",
  superset: "the stored log has all that kubectl still has, and more",
  pod_gone: "the pod is gone, the stored log is all there is",
  mismatch: "the stored log differs from what kubectl logs prints",
};

/** Columns that the cards leave free in their last row; a whole row where they leave none. By number of cards, 1 to 5. */
const SPANS = [
  "md:col-span-1 lg:col-span-2 min-[120rem]:col-span-4",
  "md:col-span-2 lg:col-span-1 min-[120rem]:col-span-3",
  "md:col-span-1 lg:col-span-3 min-[120rem]:col-span-2",
  "md:col-span-2 lg:col-span-2 min-[120rem]:col-span-1",
  "md:col-span-1 lg:col-span-1 min-[120rem]:col-span-5",
];

/** The page's facts, as kubectl tells them. */
export function KubectlPanel({ run, state }: { run: Run; state: RunState }) {
  const waiting = state.variations.find((variation) => variation.status === "queued" && variation.reason !== null);
  const followed = state.variations.find((variation) => variation.status === "running") ?? state.variations[0];
  const gone = state.variations.find(({ jobDeletedAt }) => jobDeletedAt !== null);
  const allGone = state.variations.every(({ jobDeletedAt }) => jobDeletedAt !== null);
  const complete = state.variations.filter((variation) => variation.complete).map((variation) => variation.id);
  return (
    <aside aria-labelledby="glass" className={cn("flex min-w-0 flex-col rounded-lg border border-dashed border-neutral-edge/60 bg-neutral-paper", SPANS[state.variations.length - 1])}>
      <CardHeader id="glass" icon={<Box aria-hidden />} title="Same thing, with kubectl" />
      <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,20rem),1fr))] content-start gap-x-md gap-y-3 p-md pb-3">
        {gone !== undefined && <Line about={`The stored log of agent ${gone.id + 1}`} command={storedLog(window.location.origin, run.run_id, gone.id)} />}
        {followed !== undefined && <Line gone={followed.jobDeletedAt !== null} about={`Follow agent ${followed.id + 1}`} command={followLogs(followed.jobName, run.namespace)} />}
        {waiting !== undefined && <Line about={`Why is agent ${waiting.id + 1} waiting?`} command={describeJob(waiting.jobName, run.namespace)} />}
        <Line gone={allGone} about="Watch all pods of this run" command={watchPods(run.run_id, run.namespace)} />
        {waiting === undefined && gone === undefined && <Line about="Follow all agents without a browser" command={streamLogs(window.location.origin, run.run_id)} />}
      </div>
      {runHasEnded(state.status) && gone === undefined && (
        <p className="px-md pb-3 text-caption text-neutral-shadow-ink">
          The server removes the Jobs of an ended run after a while. Then kubectl finds nothing, and the stored logs here are all there is.
        </p>
      )}
      <div className="flex-1" />
      <Verify runId={run.run_id} variations={complete} />
    </aside>
  );
}

/** A command; `gone` where it finds nothing any more. */
function Line({ about, command, gone = false }: { about: string; command: string; gone?: boolean }) {
  return (
    <div className="grid min-w-0 content-start gap-xs">
      <p className="text-caption text-neutral-shadow-ink">
        {about}
        {gone && <b className="font-semibold">, no longer: its Job is gone</b>}
      </p>
      <CopyLine wrap command={command} label={`Copy: ${about}`} className={gone ? "bg-neutral-paper text-neutral-shadow-ink [&_code]:line-through" : undefined} />
    </div>
  );
}

/** Reads the logs with kubectl once more and compares them with what is stored. */
function Verify({ runId, variations }: { runId: string; variations: number[] }) {
  const verify = useVerify(runId);
  if (variations.length === 0) return null;
  return (
    <div className="grid justify-items-start gap-sm px-md pb-md">
      <Button size="sm" disabled={verify.isPending} onClick={() => verify.mutate(variations)}>
        <ShieldCheck aria-hidden />
        {verify.isPending ? "Comparing…" : "Compare with kubectl logs"}
      </Button>
      {verify.isError && <Alert tone="error">{verify.error.message}</Alert>}
      {verify.data !== undefined && (
        <ul role="status" className="grid gap-xs text-caption">
          {verify.data.map(({ variation, verdict }) => (
            <li key={variation} className="flex items-center gap-sm">
              <AgentBadge agent={variation} />
              {verdict === "mismatch" && <TriangleAlert aria-hidden className="size-3.5 shrink-0 text-semantic-error-ink" />}
              <span>
                <b className="font-semibold">{verdict}</b>: {VERDICTS[verdict]}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
