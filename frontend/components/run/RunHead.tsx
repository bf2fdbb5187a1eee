"use client";

import { Archive, ChevronDown, ChevronUp, GitBranch, GitCommitHorizontal, LoaderCircle, Pause, Play, RotateCw, Share2, ShieldCheck, Square, TriangleAlert, Unplug } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useState, type ReactNode } from "react";
import { useCancelRun } from "@/hooks/useAPI";
import { useBlind } from "@/hooks/useBlind";
import { ago, dollars, duration, plural, repositoryName, short } from "@/lib/format";
import { integrity, type RunState } from "@/lib/run-state";
import { isShared } from "@/lib/share";
import type { Connection } from "@/lib/sse";
import { hasEnded, runHasEnded, type Run } from "@/lib/types";
import { cn } from "@/lib/utils";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { Prose } from "../ui/prose";
import { KeyHint } from "./KeyHint";
import { Status } from "../ui/status";

interface RunHeadProps {
  run: Run;
  state: RunState;
  connection: Connection;
  now: number;
  paused: boolean;
  onPause: () => void;
  /** Whether the figures behind the integrity badge are shown. */
  proven: boolean;
  onProve: (prove: boolean) => void;
  /** The view switch. */
  children: ReactNode;
}

/** What is run, where, how it stands, and what can be done about it. */
export function RunHead(props: RunHeadProps) {
  const { run, state, paused, onPause, children } = props;
  const ended = runHasEnded(state.status);
  return (
    <div className="grid gap-3 pb-md max-md:gap-sm">
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
        <Chain run={run} />
        <Stored state={state} />
      </div>
      <div className={cn("flex items-start justify-between gap-md max-md:gap-sm", !ended && "max-md:flex-col")}>
        <Prompt text={run.prompt} />
        {ended && !isShared() && (
          <div className="flex shrink-0 gap-sm">
            <ShareButton runId={run.run_id} />
            <Button asChild className={ICON_ON_PHONE}>
              <Link href={`/?again=${run.run_id}`} title="The form, filled in with this run">
                <RotateCw aria-hidden />
                <span className="max-md:sr-only">Run again</span>
              </Link>
            </Button>
          </div>
        )}
        {!ended && (
          <div className="flex shrink-0 flex-wrap items-center gap-sm max-md:w-full max-md:[&>*]:flex-1">
            <Button onClick={onPause} aria-pressed={paused}>
              {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
              {paused ? "Resume" : "Pause"}
              <KeyHint>.</KeyHint>
            </Button>
            {!isShared() && (
              <>
                <ShareButton runId={run.run_id} />
                <CancelButton runId={run.run_id} />
              </>
            )}
          </div>
        )}
      </div>
      <div className="flex flex-wrap items-center justify-between gap-md max-md:gap-sm max-md:[&>[role=radiogroup]]:flex max-md:[&>[role=radiogroup]]:w-full max-md:[&>[role=radiogroup]>label]:flex-1">
        <Facts {...props} />
        {children}
      </div>
    </div>
  );
}

/** A button that is only its icon on a phone, among others that share the row. */
const ICON_ON_PHONE = "max-md:w-11 max-md:flex-none! max-md:px-0";

const ShareDialog = dynamic(() => import("./ShareDialog"), { ssr: false });

/** To the links through which others read the run. */
function ShareButton({ runId }: { runId: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)} className={ICON_ON_PHONE}>
        <Share2 aria-hidden />
        <span className="max-md:sr-only">Share</span>
      </Button>
      {open && <ShareDialog runId={runId} onClose={() => setOpen(false)} />}
    </>
  );
}

/** The runs before and after it: whose result it began with, and which began with one of its own. Not whose, while judged blind. */
function Chain({ run: { base, follow_ups } }: { run: Run }) {
  const blind = useBlind() !== null;
  // A link is to one run.
  if (isShared()) return null;
  const to = (id: string, text: string) => (
    <Link href={`/stream?run=${encodeURIComponent(id)}`} title={id} className="text-ai-primary-ink underline underline-offset-2">
      {text}
    </Link>
  );
  return (
    <>
      {base != null && <span>follows {to(base.run_id, blind ? "an earlier run" : `agent ${base.variation_id + 1} of an earlier run`)}</span>}
      {follow_ups?.map(({ run_id, variation_id }) => <span key={run_id}>followed by {to(run_id, blind ? "a run from one of these" : `a run from agent ${variation_id + 1}`)}</span>)}
    </>
  );
}

/** Says that kubectl finds nothing of it any more, once that is so. */
function Stored({ state }: { state: RunState }) {
  const deleted = state.variations.map(({ jobDeletedAt }) => jobDeletedAt ?? "");
  const last = [...deleted].sort().at(-1) ?? "";
  if (last === "" || deleted.includes("")) return null;
  return (
    <span title={new Date(last).toLocaleString()}>
      <Archive aria-hidden /> Jobs deleted {ago(last)}, results and logs are stored
    </span>
  );
}

/** More of a prompt than this is shown on demand; on a phone, more than the second. */
const LONG_PROMPT = 240;
const LONG_ON_PHONE = 80;

function Prompt({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const long = text.length > LONG_PROMPT || text.split("\n").length > 3;
  return (
    <div className="min-w-0 max-w-[60rem]">
      <h1 className={cn("text-body font-semibold text-pretty whitespace-pre-line md:text-h3", !whole && "line-clamp-2 md:line-clamp-3")}>
        <Prose text={text} />
      </h1>
      {(long || text.length > LONG_ON_PHONE) && (
        <Button variant="ghost" size="sm" className={cn("-ml-sm text-neutral-shadow-ink", !long && "md:hidden")} aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "Less" : "The whole prompt"}
        </Button>
      )}
    </div>
  );
}

function Facts({ run, state, connection, now, paused, proven, onProve }: RunHeadProps) {
  const ended = runHasEnded(state.status);
  const done = state.variations.filter((variation) => hasEnded(variation.status)).length;
  const usages = state.variations.flatMap((variation) => variation.usage ?? []);
  const tokens = usages.reduce((sum, usage) => sum + usage.input_tokens + usage.output_tokens, 0);
  // The API knows of earlier attempts, the stream what was spent since it was asked.
  const cost = Math.max(run.spent_usd ?? 0, usages.reduce((sum, usage) => sum + (usage.cost_usd ?? 0), 0));
  const ceiling = run.limits.max_run_cost_usd ?? null;
  const end = ended ? Date.parse(run.finished_at ?? lastEnd(state) ?? "") || now : now;
  return (
    <dl className="flex flex-wrap items-stretch gap-y-sm max-md:w-full max-md:justify-between">
      <Fact name="State">
        {ended ? <Status status={state.status} className="text-body-sm font-semibold" /> : paused ? <Paused /> : <Live connection={connection} />}
      </Fact>
      <Fact name="Elapsed">{duration(end - Date.parse(run.created_at))}</Fact>
      <Fact name="Finished">
        {done} <span className="font-normal text-neutral-shadow-ink">of {state.variations.length}</span>
      </Fact>
      <Fact name="Tokens">{short(tokens)}</Fact>
      {(cost > 0 || ceiling !== null) && (
        <Fact name="Cost">
          {dollars(cost)} {ceiling !== null && <span className="font-normal text-neutral-shadow-ink">of {dollars(ceiling)}</span>}
        </Fact>
      )}
      <Fact name="Stream integrity" wide>
        <Integrity state={state} open={proven} onToggle={() => onProve(!proven)} />
      </Fact>
    </dl>
  );
}

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ReactNode }) {
  return (
    <div
      className={cn(
        "grid border-l px-md first:border-l-0 first:pl-0 max-md:border-l-0 max-md:px-0 xl:px-lg",
        wide && "max-md:flex max-md:w-full max-md:items-center max-md:justify-between max-md:border-t max-md:pt-sm",
      )}
    >
      <dt className="text-caption text-neutral-shadow-ink">{name}</dt>
      <dd className="flex items-center gap-1.5 font-semibold whitespace-nowrap tabular-nums">{children}</dd>
    </div>
  );
}

function Paused() {
  return (
    <>
      <Pause aria-hidden className="size-3.5 text-semantic-info-ink" />
      Paused
    </>
  );
}

function Live({ connection }: { connection: Connection }) {
  if (connection.state === "open") {
    return (
      <>
        <span aria-hidden className="relative size-2 rounded-full bg-semantic-success-ink after:absolute after:-inset-[3px] after:animate-stream-pulse after:rounded-full after:border-2 after:border-semantic-success-ink motion-reduce:after:hidden" />
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

/** Lines received, and what is proved about them by the agents' and the server's own figures. */
function Integrity({ state, open, onToggle }: { state: RunState; open: boolean; onToggle: () => void }) {
  const { lines, gaps, complete, same, differs } = integrity(state);
  const well = gaps === 0 && differs === 0;
  const parts = [plural(lines, "line"), gaps === 0 ? "no gaps" : plural(gaps, "gap")];
  if (differs > 0) parts.push(`${plural(differs, "log")} differ${differs === 1 ? "s" : ""}`);
  else if (complete) parts.push(same === state.variations.length ? "same bytes" : "complete");
  const Icon = well ? ShieldCheck : TriangleAlert;
  const Arrow = open ? ChevronUp : ChevronDown;
  return (
    <button
      type="button"
      aria-expanded={open}
      onClick={onToggle}
      title="How this is known"
      className="-mx-1 -my-0.5 inline-flex min-h-6 items-center gap-1.5 rounded-sm px-1 font-semibold hover:bg-neutral-fog/60 pointer-coarse:min-h-9"
    >
      <Icon aria-hidden className={cn("size-3.5", well ? "text-semantic-success-ink" : differs > 0 ? "text-semantic-error-ink" : "text-semantic-warning-ink")} />
      <span>{parts.join(", ")}</span>
      <Arrow aria-hidden className="size-3.5 text-neutral-shadow-ink" />
    </button>
  );
}

function lastEnd(state: RunState): string | null {
  return state.variations.reduce<string | null>((last, { endedAt }) => (endedAt !== null && (last === null || endedAt > last) ? endedAt : last), null);
}

function CancelButton({ runId }: { runId: string }) {
  const cancel = useCancelRun(runId);
  const [asking, setAsking] = useState(false);
  return (
    <>
      {cancel.isError && <Alert tone="error">{cancel.error.message}</Alert>}
      <Button variant="danger" disabled={cancel.isPending || cancel.isSuccess} onClick={() => setAsking(true)}>
        <Square aria-hidden />
        {cancel.isPending || cancel.isSuccess ? "Cancelling…" : "Cancel run"}
      </Button>
      <Confirm open={asking} onOpenChange={setAsking} title="Cancel this run?" action="Cancel run" onConfirm={() => cancel.mutate()}>
        The agents are told to stop. What they have printed and changed so far is kept.
      </Confirm>
    </>
  );
}
