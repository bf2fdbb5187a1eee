import { CircleAlert, GitFork, X } from "lucide-react";
import Link from "next/link";
import type { Base } from "@/lib/new-run";
import { Button } from "../ui/button";

interface StartsFromProps {
  base: Base;
  /** Why the server does not start from it. */
  error: string | undefined;
  onRemove: () => void;
}

/** Whose result the run begins with, and the way back to a commit. */
export function StartsFrom({ base: { run_id: run, variation_id: variation }, error, onRemove }: StartsFromProps) {
  return (
    <div className="grid gap-1.5">
      <div className="flex min-h-10 items-center gap-sm rounded-md border border-ai-primary/35 bg-ai-primary/10 py-xs pr-xs pl-3">
        <GitFork aria-hidden className="size-4 shrink-0 text-ai-primary-ink" />
        <p className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-xs">
          <span className="whitespace-nowrap">
            Starts from <b className="font-semibold">agent {variation + 1}</b> of
          </span>
          <Link href={`/stream?run=${encodeURIComponent(run)}`} title={run} className="min-w-0 truncate font-mono text-caption text-ai-primary-ink underline underline-offset-2">
            {run}
          </Link>
        </p>
        <Button variant="ghost" size="icon-sm" aria-label="Start from a commit instead" title="Start from a commit instead" onClick={onRemove}>
          <X aria-hidden />
        </Button>
      </div>
      {error !== undefined && (
        <p role="alert" className="flex items-start gap-1.5 text-caption text-semantic-error-ink">
          <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <span>{error}</span>
        </p>
      )}
    </div>
  );
}
