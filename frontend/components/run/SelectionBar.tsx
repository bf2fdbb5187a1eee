"use client";

import { Download } from "lucide-react";
import { paths } from "@/lib/api";
import { applyPatch } from "@/lib/commands";
import type { Run } from "@/lib/types";
import { AgentBadge } from "../ui/badge";
import { Button } from "../ui/button";
import { CopyLine } from "../ui/copy";

/** The choice, and how to take it home. */
export function SelectionBar({ run, variation, changed }: { run: Run; variation: number; changed: boolean }) {
  return (
    <section
      aria-label="Selected"
      data-agent={variation + 1}
      className="sticky bottom-0 z-30 -mx-md mt-md border-t-3 border-agent bg-neutral-white shadow-[0_-8px_24px_-12px_hsl(222_84%_16%/0.18)] xl:-mx-lg"
    >
      <div className="flex flex-wrap items-center gap-md px-md py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] xl:px-lg">
        <p className="flex items-center gap-sm font-semibold whitespace-nowrap">
          <AgentBadge agent={variation} />
          Selected
        </p>
        {changed ? (
          <>
            <div className="min-w-0 flex-[1_1_24rem]">
              <CopyLine wrap command={applyPatch(window.location.origin, run.run_id, variation)} label="Copy the apply line" className="bg-neutral-paper" />
            </div>
            <Button asChild>
              <a href={paths.patch(run.run_id, variation)} download={`${run.run_id}-${variation}.patch`}>
                <Download aria-hidden />
                Download .patch
              </a>
            </Button>
          </>
        ) : (
          <p>It changed no file, so there is nothing to apply.</p>
        )}
      </div>
    </section>
  );
}
