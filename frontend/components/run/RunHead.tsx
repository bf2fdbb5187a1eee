"use client";

import { GitBranch, GitCommitHorizontal, LoaderCircle, ShieldCheck, Square, TriangleAlert, Unplug } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useCancelRun } from "@/hooks/useAPI";
import { dollars, duration, plural, repositoryName, short } from "@/lib/format";
import { integrity, type RunState } from "@/lib/run-state";
import type { Connection } from "@/lib/sse";
import { hasEnded, runHasEnded, type Run } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { Status } from "../ui/status";

interface RunHeadProps {
  run: Run;
  state: RunState;
  connection: Connection;
  now: number;
  /** The view switch. */
  children: ReactNode;
}

/** What is run, where, how it stands, and what can be done about it. */
export function RunHead({ run, state, connection, now, children }: RunHeadProps) {
  const ended = runHasEnded(state.status);
  return (
    <div className="grid gap-3 pb-md">
      <div className="flex flex-wrap items-center gap-x-md gap-y-xs text-caption text-neutral-shadow-ink [&_svg]:inline [&_svg]:size-3.5">
        <span className="font-semibold text-neutral-charcoal" title={run.github_url}>
          {repositoryName(run.github_url)}
        </span>
        {run.ref && (
          <span>
            <GitBranch aria-hidden /> {run.ref}
          </span>
        )}
        {run.base_sha && (
          <span className="font-mono" title={run.base_sha}>
            <GitCommitHorizontal aria-hidden /> {run.base_sha.slice(0, 7)}
          </span>
        )}
        <span className="font-mono max-md:hidden">{run.run_id}</span>
      </div>
      <div className="flex items-start justify-between gap-md max-md:flex-col">
        <h1 className="line-clamp-3 max-w-[60rem] text-body font-semibold text-pretty md:text-h3" title={run.prompt}>
          {run.prompt}
        </h1>
        {!ended && <CancelButton runId={run.run_id} />}
      </div>
      <div className="flex flex-wrap items-center justify-between gap-md">
        <Facts run={run} state={state} connection={connection} now={now} />
        {children}
      </div>
    </div>
  );
}

function Facts({ run, state, connection, now }: Omit<RunHeadProps, "children">) {
  const ended = runHasEnded(state.status);
  const done = state.variations.filter((variation) => hasEnded(variation.status)).length;
  const usages = state.variations.flatMap((variation) => variation.usage ?? []);
  const tokens = usages.reduce((sum, usage) => sum + usage.input_tokens + usage.output_tokens, 0);
  const cost = usages.reduce((sum, usage) => sum + (usage.cost_usd ?? 0), 0);
  const end = ended ? Date.parse(run.finished_at ?? lastEnd(state) ?? "") || now : now;
  return (
    <dl className="flex flex-wrap items-stretch gap-y-sm">
      <Fact name="State">{ended ? <Status status={state.status} className="text-body-sm font-semibold" /> : <Live connection={connection} />}</Fact>
      <Fact name="Elapsed">{duration(end - Date.parse(run.created_at))}</Fact>
      <Fact name="Finished">
        {done} <span className="font-normal text-neutral-shadow-ink">of {state.variations.length}</span>
      </Fact>
      <Fact name="Tokens">{short(tokens)}</Fact>
      {cost > 0 && <Fact name="Cost">{dollars(cost)}</Fact>}
      <Fact name="Stream integrity">
        <Integrity state={state} />
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid border-l px-md first:border-l-0 first:pl-0 lg:px-lg">
      <dt className="text-caption text-neutral-shadow-ink">{name}</dt>
      <dd className="flex items-center gap-1.5 font-semibold whitespace-nowrap tabular-nums">{children}</dd>
    </div>
  );
}

function Live({ connection }: { connection: Connection }) {
  if (connection.state === "open") {
    return (
      <>
        <span aria-hidden className="relative size-2 rounded-full bg-semantic-success-ink after:absolute after:-inset-[3px] after:animate-stream-pulse after:rounded-full after:border-2 after:border-semantic-success-ink" />
        Live
      </>
    );
  }
  if (connection.state === "connecting") {
    return (
      <>
        <LoaderCircle aria-hidden className="size-3.5 animate-spin text-semantic-info-ink" />
        Connecting
      </>
    );
  }
  return (
    <>
      <Unplug aria-hidden className="size-3.5 text-semantic-warning-ink" />
      {connection.state === "waiting" ? "Reconnecting" : "Not connected"}
    </>
  );
}

/** Lines received, and what is proved about them by the agents' and the server's own counts. */
function Integrity({ state }: { state: RunState }) {
  const { lines, gaps, complete } = integrity(state);
  if (gaps > 0) {
    return (
      <>
        <TriangleAlert aria-hidden className="size-3.5 text-semantic-warning-ink" />
        {plural(lines, "line")}, {plural(gaps, "gap")}
      </>
    );
  }
  return (
    <>
      <ShieldCheck aria-hidden className="size-3.5 text-semantic-success-ink" />
      {plural(lines, "line")}, no gaps{complete && ", complete"}
    </>
  );
}

function lastEnd(state: RunState): string | null {
  return state.variations.reduce<string | null>((last, { endedAt }) => (endedAt !== null && (last === null || endedAt > last) ? endedAt : last), null);
}

function CancelButton({ runId }: { runId: string }) {
  const cancel = useCancelRun(runId);
  const [asking, setAsking] = useState(false);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-sm">
      {cancel.isError && <Alert tone="error">{cancel.error.message}</Alert>}
      <Button variant="danger" disabled={cancel.isPending || cancel.isSuccess} onClick={() => setAsking(true)}>
        <Square aria-hidden />
        {cancel.isPending || cancel.isSuccess ? "Cancelling…" : "Cancel run"}
      </Button>
      <Confirm open={asking} onOpenChange={setAsking} title="Cancel this run?" action="Cancel run" onConfirm={() => cancel.mutate()}>
        The agents are told to stop. What they have printed and changed so far is kept.
      </Confirm>
    </div>
  );
}
