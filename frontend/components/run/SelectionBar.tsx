"use client";

import { Download, GitBranchPlus, Undo2 } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { useSelect } from "@/hooks/useAPI";
import { paths } from "@/lib/api";
import { applyPatch } from "@/lib/commands";
import { plural } from "@/lib/format";
import { hasEnded, type Run } from "@/lib/types";
import { Alert } from "../ui/alert";
import { AgentBadge } from "../ui/badge";
import { Button } from "../ui/button";
import { CopyButton, CopyLine } from "../ui/copy";
import { PublicationLine } from "./PublicationLine";

const PublishDialog = dynamic(() => import("./PublishDialog"), { ssr: false });

/** The choice, how to take it home, and how to take it back. */
export function SelectionBar({ run, variation, changed }: { run: Run; variation: number; changed: boolean }) {
  const select = useSelect(run.run_id);
  const command = applyPatch(window.location.origin, run.run_id, variation);
  const files = run.variations.find((each) => each.variation_id === variation)?.patch?.files;
  return (
    <section
      aria-label="Selected"
      data-agent={variation + 1}
      className="sticky bottom-0 z-30 -mx-md mt-md border-t-3 border-agent bg-neutral-white shadow-[0_-8px_24px_-12px_hsl(222_84%_16%/0.18)] xl:-mx-lg"
    >
      <div className="flex flex-wrap items-center gap-x-md gap-y-sm px-md max-md:gap-x-sm py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] xl:px-lg">
        <p className="flex items-center gap-sm whitespace-nowrap">
          <AgentBadge agent={variation} large />
          <span>
            <b className="block leading-tight font-semibold">Selected</b>
            {files !== undefined && <span className="text-caption text-neutral-shadow-ink">{plural(files, "file")}</span>}
          </span>
        </p>
        {changed ? (
          <>
            {/* On a phone the bar would cover what it is about. */}
            <CopyLine wrap command={command} label="Copy the apply line" className="flex-[1_1_24rem] bg-neutral-paper max-md:hidden" />
            <CopyButton text={command} label="Copy the command for git apply" variant="primary">
              Copy
            </CopyButton>
            <Button asChild>
              <a href={paths.patch(run.run_id, variation)} download={`${run.run_id}-${variation}.patch`}>
                <Download aria-hidden />
                <span className="max-md:sr-only">.patch</span>
              </a>
            </Button>
            <PublishButton run={run} />
          </>
        ) : (
          <p className="flex-1">It changed no file, so there is nothing to apply.</p>
        )}
        <Button variant="ghost" disabled={select.isPending} onClick={() => select.mutate({ variation: null })} title="Take the choice back">
          <Undo2 aria-hidden />
          <span className="max-md:sr-only">Undo</span>
        </Button>
        {select.isError && <Alert tone="error">{select.error.message}</Alert>}
      </div>
      {run.publication != null && <PublicationLine key={run.publication.publisher.job_name} run={run} publication={run.publication} />}
    </section>
  );
}

/** To the branch that the choice is pushed as, one at a time. */
function PublishButton({ run }: { run: Run }) {
  const [open, setOpen] = useState(false);
  const publishing = run.publication != null && !hasEnded(run.publication.publisher.status);
  return (
    <>
      <Button disabled={publishing} onClick={() => setOpen(true)}>
        <GitBranchPlus aria-hidden />
        <span className="max-md:sr-only">{publishing ? "Publishing…" : "Publish branch…"}</span>
      </Button>
      {open && <PublishDialog run={run} onClose={() => setOpen(false)} />}
    </>
  );
}
