"use client";

import { Inbox, Search, SearchX } from "lucide-react";
import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState, type ReactNode } from "react";
import { useRuns } from "@/hooks/useAPI";
import { useDebounced } from "@/hooks/useDebounced";
import { plural } from "@/lib/format";
import type { RunStatus } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { control } from "../ui/field";
import { Pager } from "../ui/pager";
import { Select } from "../ui/select";
import { RunList } from "./RunList";
import { Skeleton } from "@/components/ui/skeleton";

const PER_PAGE = 20;
const TYPING_MS = 300;
const STATES: Record<RunStatus, string> = { pending: "Queued", running: "Running", completed: "Completed", failed: "Failed", cancelled: "Cancelled" };

/** All runs of this account, newest first. What is looked for is in the address. */
export function History() {
  const router = useRouter();
  const search = useSearchParams();
  const page = Math.max(1, Number.parseInt(search.get("page") ?? "1", 10) || 1);
  const status = (Object.keys(STATES) as RunStatus[]).find((state) => state === search.get("status")) ?? "";
  const q = search.get("q") ?? "";
  const runs = useRuns({ page, perPage: PER_PAGE, status, q });

  const go = (wish: { page?: number; status?: string; q?: string }) => {
    const next = { status, q, ...wish };
    const query = new URLSearchParams({
      ...(next.status === "" ? {} : { status: next.status }),
      ...(next.q === "" ? {} : { q: next.q }),
      ...(wish.page === undefined || wish.page === 1 ? {} : { page: String(wish.page) }),
    });
    router.replace(query.size === 0 ? "/runs" : `/runs?${query}`, { scroll: wish.page !== undefined });
  };
  const narrowed = status !== "" || q !== "";

  return (
    <div className="grid gap-md">
      <search className="flex flex-wrap items-center gap-sm">
        <SearchField q={q} onSearch={(words) => go({ q: words })} />
        <Select aria-label="State" className="min-h-9 w-auto" value={status} onChange={(event) => go({ status: event.target.value })}>
          <option value="">All states</option>
          {Object.entries(STATES).map(([state, word]) => (
            <option key={state} value={state}>
              {word}
            </option>
          ))}
        </Select>
        <p role="status" className="ml-auto text-caption text-neutral-shadow-ink">
          {runs.data !== undefined && plural(runs.data.total, "run")}
        </p>
      </search>
      {runs.isError && <Alert tone="error">{runs.error.message}</Alert>}
      {runs.isPending && <Skeleton className="h-64" />}
      {runs.data !== undefined && runs.data.items.length > 0 && <RunList runs={runs.data.items} />}
      {runs.data?.items.length === 0 &&
        (narrowed || page > 1 ? (
          <Empty icon={<SearchX aria-hidden />} title="No such run">
            <Button onClick={() => router.replace("/runs")}>Show all runs</Button>
          </Empty>
        ) : (
          <Empty icon={<Inbox aria-hidden />} title="No runs yet">
            <Button asChild variant="primary">
              <Link href="/">Start one</Link>
            </Button>
          </Empty>
        ))}
      {runs.data !== undefined && <Pager page={page} pages={runs.data.pages} onPage={(next) => go({ page: next })} />}
    </div>
  );
}

function SearchField({ q, onSearch }: { q: string; onSearch: (words: string) => void }) {
  const [words, setWords] = useState(q);
  const settled = useDebounced(words.trim(), TYPING_MS);
  useEffect(() => {
    if (settled !== q) onSearch(settled);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only what was typed is a wish; the address follows it
  }, [settled]);
  return (
    <span className="relative min-w-0 flex-[1_1_16rem] sm:max-w-sm">
      <Search aria-hidden className="pointer-events-none absolute top-2.5 left-3 size-4 text-neutral-shadow-ink" />
      <input type="search" aria-label="Search runs" placeholder="Prompt, repository or run id" value={words} onChange={(event) => setWords(event.target.value)} className={`${control} min-h-9 py-1 pl-9`} />
    </span>
  );
}

function Empty({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
  return (
    <div className="grid min-h-64 content-center justify-items-center gap-3 rounded-lg border border-dashed border-neutral-edge/70 bg-neutral-paper p-xl text-center [&>svg]:size-5">
      {icon}
      <p className="text-body font-semibold">{title}</p>
      {children}
    </div>
  );
}
