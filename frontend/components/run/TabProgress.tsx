"use client";

import { useEffect } from "react";
import { capital } from "@/lib/format";
import { faviconOf } from "@/lib/run-favicon";
import type { RunState } from "@/lib/run-state";
import { hasEnded, runHasEnded } from "@/lib/types";

/** How far the run is, where a tab that nobody looks at can say it: in its title and its icon. */
export function TabProgress({ state, prompt }: { state: RunState; prompt: string }) {
  const ended = runHasEnded(state.status);
  const total = state.variations.length;
  const done = state.variations.filter(({ status }) => hasEnded(status)).length;
  const outcome = !ended ? "open" : state.status === "completed" ? "good" : "bad";
  useEffect(() => {
    const what = ended ? capital(state.status) : `${done}/${total} done`;
    document.title = `${what} · ${prompt.slice(0, 60)} · AIdeator`;
  }, [done, ended, prompt, state.status, total]);
  useEffect(() => {
    // The last icon of a page counts; without this one it is its own again.
    const link = Object.assign(document.createElement("link"), { rel: "icon", type: "image/svg+xml", href: faviconOf(done, total, outcome) });
    document.head.append(link);
    return () => link.remove();
  }, [done, outcome, total]);
  return null;
}
