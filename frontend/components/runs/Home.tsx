"use client";

import Link from "next/link";
import { useSearchParams } from "next/navigation";
import type { ReactNode } from "react";
import { SignInCard } from "@/components/account/SignInCard";
import { useMe, useRun, useRuns } from "@/hooks/useAPI";
import { readStored } from "@/hooks/useStored";
import { ApiError } from "@/lib/api";
import { draftKey, initialDraft, parseDraft, wishOf } from "@/lib/new-run";
import { Alert } from "../ui/alert";
import { NewRunForm } from "./NewRunForm";
import { RunList } from "./RunList";
import { Skeleton } from "@/components/ui/skeleton";

const RECENT = 5;

/** The form and the recent runs for who is signed in; the way in for everybody else. */
export function Home({ steps }: { steps: ReactNode }) {
  const wish = wishOf(useSearchParams());
  const me = useMe();
  const runs = useRuns({ perPage: RECENT }, me.isSuccess);
  const source = useRun(wish.run ?? "", me.isSuccess && wish.run !== null);
  const signedOut = me.error instanceof ApiError && me.error.status === 401;
  if (me.isError && !signedOut) return <Alert tone="error">{me.error.message}</Alert>;
  if (signedOut) {
    return (
      <div className="grid items-start gap-lg lg:grid-cols-[minmax(0,1fr)_20rem]">
        <SignInCard />
        {steps}
      </div>
    );
  }
  // What the form begins with depends on all of them.
  if (me.data === undefined || (runs.data === undefined && !runs.isError) || (wish.run !== null && source.isPending)) {
    return <Skeleton className="h-[40rem]" />;
  }
  const items = runs.data?.items ?? [];
  const stored = parseDraft(readStored(draftKey(me.data.id)));
  return (
    <>
      {source.isError && (
        <Alert tone="error" className="mb-md">
          {source.error.message}
        </Alert>
      )}
      <NewRunForm key={wish.origin} account={me.data.id} initial={initialDraft(wish, source.data, stored, runs.data?.total === 0)} runs={items} steps={steps} />
      {runs.isError && (
        <Alert tone="error" className="mt-xl">
          {runs.error.message}
        </Alert>
      )}
      {runs.data !== undefined && items.length > 0 && (
        <section aria-labelledby="recent">
          <div className="mt-xl mb-3 flex items-baseline justify-between gap-md">
            <h2 id="recent" className="text-h3 font-semibold">
              Recent runs
            </h2>
            {runs.data.total > RECENT && (
              <Link href="/runs" className="text-ai-primary-ink hover:underline">
                All {runs.data.total} runs
              </Link>
            )}
          </div>
          <RunList runs={items} />
        </section>
      )}
    </>
  );
}
