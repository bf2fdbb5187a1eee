"use client";

import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { paths } from "@/lib/api";
import { RunStore } from "@/lib/run-store";
import { followRun } from "@/lib/sse";
import type { Run } from "@/lib/types";

/** Follows a run from its first line, live and after its end alike. */
export function useAgentStream(run: Run) {
  const id = run.run_id;
  // A store belongs to one run; what the API says of it later does not begin it anew.
  const store = useMemo(() => new RunStore(run), [id]); // eslint-disable-line react-hooks/exhaustive-deps
  const [attempt, setAttempt] = useState(0);
  useEffect(() => followRun(paths.stream(id), store), [id, store, attempt]);
  useStoreVersion(store);
  const { connection, state } = store;
  return {
    store,
    state,
    connection,
    isStreaming: connection.state === "open",
    /** Ends a wait for the next attempt. */
    retryNow: () => setAttempt((count) => count + 1),
  };
}

/** Renders again whenever the store has news. */
export function useStoreVersion(store: RunStore): number {
  return useSyncExternalStore(
    store.subscribe,
    () => store.version,
    () => 0,
  );
}
