import Link from "next/link";
import { AgentBadge } from "@/components/ui/badge";
import { Status } from "@/components/ui/status";
import { ago, repositoryName } from "@/lib/format";
import { hasEnded, runHasEnded, type Run } from "@/lib/types";

/** Runs, one a row, each a link to its page. */
export function RunList({ runs }: { runs: readonly Run[] }) {
  return (
    <ul className="divide-y rounded-lg border bg-neutral-paper">
      {runs.map((run) => (
        <li key={run.run_id}>
          <Link
            href={`/stream?run=${run.run_id}`}
            prefetch={false}
            className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-xs px-md py-3 first:rounded-t-lg hover:bg-neutral-white md:grid-cols-[8.5rem_minmax(0,1fr)_11rem_8rem_6rem] md:gap-md"
          >
            <Status status={run.status} word={progress(run)} />
            <span className="truncate font-medium max-md:order-first max-md:col-span-2">{run.prompt}</span>
            <span className="truncate text-caption text-neutral-shadow-ink max-md:hidden">{repositoryName(run.github_url)}</span>
            <span className="flex items-center gap-sm text-caption max-md:hidden">
              {typeof run.winning_variation_id === "number" ? (
                <>
                  Selected <AgentBadge agent={run.winning_variation_id} />
                </>
              ) : (
                <span className="text-neutral-shadow-ink">None selected</span>
              )}
            </span>
            <time dateTime={run.created_at} className="text-right text-caption tabular-nums text-neutral-shadow-ink">
              {ago(run.created_at)}
            </time>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function progress(run: Run): string | undefined {
  if (runHasEnded(run.status)) return undefined;
  return `${run.variations.filter((variation) => hasEnded(variation.status)).length} of ${run.variations.length} done`;
}
