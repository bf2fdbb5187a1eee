"use client";

import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { useRuns } from "@/hooks/useAPI";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { RunList } from "./RunList";

const PER_PAGE = 20;

/** All runs of this account, newest first. */
export function History() {
  const page = Math.max(1, Number.parseInt(useSearchParams().get("page") ?? "1", 10) || 1);
  const runs = useRuns(page, PER_PAGE);
  if (runs.isError) return <Alert tone="error">{runs.error.message}</Alert>;
  if (runs.data === undefined) return <div aria-busy="true" aria-label="Loading" className="skeleton h-64 animate-shimmer" />;
  if (runs.data.total === 0) {
    return (
      <div className="grid justify-items-center gap-3 rounded-lg border border-dashed bg-neutral-paper p-xl text-center">
        <p className="font-semibold">No runs yet</p>
        <Button asChild variant="primary">
          <Link href="/">Start one</Link>
        </Button>
      </div>
    );
  }
  return (
    <div className="grid gap-md">
      <RunList runs={runs.data.items} />
      {runs.data.pages > 1 && (
        <nav aria-label="Pages" className="flex items-center justify-between gap-md">
          {page > 1 ? <PageLink page={page - 1} text="Newer" /> : <span />}
          <span className="text-caption text-neutral-shadow-ink">
            Page {page} of {runs.data.pages}
          </span>
          {page < runs.data.pages ? <PageLink page={page + 1} text="Older" /> : <span />}
        </nav>
      )}
    </div>
  );
}

function PageLink({ page, text }: { page: number; text: string }) {
  return (
    <Button asChild>
      <Link href={`/runs?page=${page}`}>{text}</Link>
    </Button>
  );
}
