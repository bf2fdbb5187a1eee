"use client";

import dynamic from "next/dynamic";
import { useSearchParams } from "next/navigation";
import { useRun } from "@/hooks/useAPI";
import { RequireAccount } from "../account/RequireAccount";
import { Alert } from "../ui/alert";
import { Skeleton } from "@/components/ui/skeleton";

const load = () => import("./RunView").then((module) => module.RunView);
// While it comes, the account and the run are asked for: neither waits for the other.
if (typeof window !== "undefined") void load();

const Waiting = () => <Skeleton className="h-96" />;
const RunView = dynamic(load, { loading: Waiting });

/** The run that the address names. */
export function RunPage() {
  const search = useSearchParams();
  const id = search.get("run");
  if (id === null || id === "") {
    return <Alert tone="warning">The address names no run. It looks like /stream?run=run-…; the runs are listed under “Runs”.</Alert>;
  }
  // One view per run: nothing of one shows in another.
  const loaded = <Loaded key={id} id={id} />;
  // Who has a link to it needs no account.
  return search.has("share") ? loaded : <RequireAccount>{loaded}</RequireAccount>;
}

function Loaded({ id }: { id: string }) {
  const run = useRun(id);
  if (run.data !== undefined) return <RunView run={run.data} />;
  if (run.isError) return <Alert tone="error">{run.error.message}</Alert>;
  return <Waiting />;
}
