"use client";

import { useState } from "react";
import { usePublisher } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { paths, PUBLISHER } from "@/lib/api";
import { describeJob, followLogs, storedLog } from "@/lib/commands";
import { webAddress } from "@/lib/publish";
import { hasEnded, type Publication, type Run } from "@/lib/types";
import { CopyButton } from "../ui/copy";
import { Prose } from "../ui/prose";
import { Status } from "../ui/status";

const LINK = "font-medium text-ai-primary-ink underline underline-offset-2";

/** The last branch that was asked for: how it stands, and where it is. */
export function PublicationLine({ run, publication }: { run: Run; publication: Publication }) {
  const { publisher, branch, commit, url } = publication;
  const { status, reason, message, hint } = publisher;
  const [openedLive] = useState(!hasEnded(status));
  usePublisher(run.run_id, openedLive);
  const failed = hasEnded(status) && status !== "succeeded";
  const request = webAddress(url);
  const command = commandOf(run, publication);
  return (
    <div role="group" aria-label="Publication" className="flex flex-wrap items-center gap-x-md gap-y-xs border-t px-md py-sm text-caption xl:px-lg">
      <Status status={status} word={status === "succeeded" ? "Pushed" : status === "running" ? "Publishing" : undefined} className="font-semibold" />
      {reason != null && status !== "succeeded" && <b className="font-mono font-semibold">{visible(reason)}</b>}
      <span className="min-w-0">
        <code className="wrap-anywhere">{visible(branch)}</code>
        {commit != null && (
          <>
            {" at "}
            <code title={visible(commit)}>{visible(commit.slice(0, 7))}</code>
          </>
        )}
        {about(run, publication)}
      </span>
      {request !== null && (
        <a href={request} target="_blank" rel="noopener noreferrer" className={LINK}>
          Pull request
        </a>
      )}
      <a href={paths.publisherLog(run.run_id)} target="_blank" rel="noopener" className={LINK}>
        Its log
      </a>
      <CopyButton size="icon-sm" variant="ghost" text={command} label={`Copy: ${command}`} />
      {failed && message != null && <span className="w-full wrap-anywhere text-neutral-shadow-ink">{visible(message)}</span>}
      {!hasEnded(status) && message != null && <span className="min-w-0 wrap-anywhere text-neutral-shadow-ink">{visible(message)}</span>}
      {failed && hint != null && (
        <span className="w-full">
          <Prose text={hint} />
        </span>
      )}
    </div>
  );
}

/** Says whose result it is where that is not the one that is selected now. */
function about(run: Run, { variation_id, attempt }: Publication): string {
  if (variation_id !== run.winning_variation_id) return `, the result of agent ${variation_id + 1}`;
  const current = run.variations.find((variation) => variation.variation_id === variation_id)?.attempt;
  return current === attempt ? "" : ", its earlier result";
}

function commandOf(run: Run, { publisher: { status, job_name, timings } }: Publication): string {
  if (timings.job_deleted_at != null) return storedLog(window.location.origin, run.run_id, PUBLISHER);
  return (status === "queued" || status === "starting" ? describeJob : followLogs)(job_name, run.namespace);
}
