"use client";

import { RotateCw, Square } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { AgentBadge } from "@/components/ui/badge";
import { Status } from "@/components/ui/status";
import { useCancelRun } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { ago, dollars, repositoryName } from "@/lib/format";
import { hasEnded, runHasEnded, type Run } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";

/** Runs, one a row, each a link to its page, with what can be done about it. */
export function RunList({ runs }: { runs: readonly Run[] }) {
  return (
    <ul className="divide-y rounded-lg border bg-neutral-paper">
      {runs.map((run) => (
        <Row key={run.run_id} run={run} />
      ))}
    </ul>
  );
}

function Row({ run }: { run: Run }) {
  const cost = costOf(run);
  const prompt = visible(run.prompt);
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto_auto] items-center gap-x-3 gap-y-xs px-md py-sm first:rounded-t-lg last:rounded-b-lg hover:bg-neutral-white md:min-h-12 md:grid-cols-[8.5rem_minmax(0,1fr)_4.5rem_5.5rem_4.25rem] md:gap-md xl:grid-cols-[8.5rem_minmax(0,1fr)_10rem_8rem_4.5rem_5.5rem_4.25rem]">
      <Status status={run.status} word={progress(run)} />
      <Link
        href={`/stream?run=${run.run_id}`}
        prefetch={false}
        title={prompt}
        className="truncate font-medium after:absolute after:inset-0 max-md:order-first max-md:col-span-3"
      >
        {prompt}
      </Link>
      <span className="truncate text-caption text-neutral-shadow-ink max-xl:hidden" title={run.github_url}>
        {visible(repositoryName(run.github_url))}
      </span>
      <span className="flex items-center gap-sm text-caption max-xl:hidden">
        {typeof run.winning_variation_id === "number" ? (
          <>
            Selected <AgentBadge agent={run.winning_variation_id} />
          </>
        ) : (
          <span className="text-neutral-shadow-ink">None selected</span>
        )}
      </span>
      <span className="text-right text-caption tabular-nums max-md:hidden">{cost === null ? "" : dollars(cost)}</span>
      <time dateTime={run.created_at} title={new Date(run.created_at).toLocaleString()} className="text-right text-caption whitespace-nowrap tabular-nums text-neutral-shadow-ink">
        {ago(run.created_at)}
      </time>
      <span className="relative z-1 flex justify-end gap-xs">
        {!runHasEnded(run.status) && <CancelButton run={run} />}
        <Button asChild variant="ghost" size="icon-sm">
          <Link href={`/?again=${run.run_id}`} aria-label="Run again with changes" title="Run again with changes">
            <RotateCw aria-hidden />
          </Link>
        </Button>
      </span>
    </li>
  );
}

function CancelButton({ run }: { run: Run }) {
  const cancel = useCancelRun(run.run_id);
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button
        variant="danger"
        size="icon-sm"
        disabled={cancel.isPending || cancel.isSuccess}
        aria-label="Cancel run"
        title="Cancel run"
        onClick={() => setAsking(true)}
      >
        <Square aria-hidden />
      </Button>
      <Confirm open={asking} onOpenChange={setAsking} title="Cancel this run?" action="Cancel run" onConfirm={() => cancel.mutate()}>
        The agents are told to stop. What they have printed and changed so far is kept.
      </Confirm>
      {cancel.isError && <Alert tone="error">{cancel.error.message}</Alert>}
    </>
  );
}

/** What its agents cost so far; null where that is not known of any. */
function costOf(run: Run): number | null {
  const known = run.variations.flatMap(({ cost_usd, usage }) => cost_usd ?? usage?.cost_usd ?? []);
  return known.length === 0 ? null : known.reduce((sum, cost) => sum + cost, 0);
}

function progress(run: Run): string | undefined {
  if (runHasEnded(run.status)) return undefined;
  return `${run.variations.filter((variation) => hasEnded(variation.status)).length} of ${run.variations.length} done`;
}
