"use client";

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { paths } from "@/lib/api";
import { RunStore } from "@/lib/run-store";
import { followRun } from "@/lib/sse";
import type { Run } from "@/lib/types";

/** Follows a run from its first line, live and after its end alike. */
export function useAgentStream(run: Run) {
  const id = run.run_id;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- a store belongs to one run; what the API says of it later does not begin it anew
  const store = useMemo(() => new RunStore(run), [id]);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => followRun(paths.stream(id), store), [id, store, attempt]);
  useEffect(() => store.refresh(run), [run, store]);
  useSyncExternalStore(
    store.subscribeFacts,
    () => store.factsVersion,
    () => 0,
  );
  const { connection, state, live, paused, recovery } = store;
  return {
    store,
    /** What is to be shown; while paused, what there was then. */
    state,
    live,
    paused,
    connection,
    recovery,
    isStreaming: connection.state === "open",
    /** Ends a wait for the next attempt; begins to follow again where that had ended. */
    retryNow: useCallback(() => setAttempt((count) => count + 1), []),
  };
}

/** Renders again whenever the log that is read has grown. */
export function useStoreVersion(store: RunStore): number {
  return useSyncExternalStore(
    store.subscribe,
    () => store.version,
    () => 0,
  );
}
