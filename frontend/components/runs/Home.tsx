"use client";

import Link from "next/link";
import type { ReactNode } from "react";
import { SignInCard } from "@/components/account/SignInCard";
import { useMe, useRuns } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { Alert } from "../ui/alert";
import { NewRunForm } from "./NewRunForm";
import { RunList } from "./RunList";

const RECENT = 5;

/** The form and the recent runs for who is signed in; the way in for everybody else. */
export function Home({ steps }: { steps: ReactNode }) {
  const me = useMe();
  const runs = useRuns(1, RECENT, me.isSuccess);
  const signedOut = me.error instanceof ApiError && me.error.status === 401;
  if (me.isPending) return <div aria-busy="true" aria-label="Loading" className="skeleton h-96 animate-shimmer" />;
  if (me.isError && !signedOut) return <Alert tone="error">{me.error.message}</Alert>;
  if (signedOut) {
    return (
      <div className="grid items-start gap-lg lg:grid-cols-[minmax(0,1fr)_20rem]">
        <SignInCard />
        {steps}
      </div>
    );
  }
  return (
    <>
      <NewRunForm steps={steps} lastRun={runs.data?.items[0]} />
      {runs.isError && (
        <Alert tone="error" className="mt-xl">
          {runs.error.message}
        </Alert>
      )}
      {runs.data !== undefined && runs.data.items.length > 0 && (
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
          <RunList runs={runs.data.items} />
        </section>
      )}
    </>
  );
}
