"use client";

import { useMemo, useState } from "react";
import type { AnyRow } from "@/components/log/log-rows";
import { joined, MOST_EARLIER, readableRows, readEarlier, seamOf, type Earlier } from "@/lib/earlier-log";
import type { Rows } from "@/lib/ring";
import type { VariationLog } from "@/lib/run-store";

/** The rows of a log, and before them, when asked for, those that the page no longer holds. */
export function useEarlierLines(runId: string, variation: number, attempt: number, log: VariationLog, raw: boolean) {
  const held: Rows<AnyRow> = raw ? log.raw : log.readable;
  const [loaded, setLoaded] = useState<(Earlier & { raw: boolean }) | null>(null);
  const [state, setState] = useState<{ loading: boolean; error: string | null }>({ loading: false, error: null });
  const earlier = loaded?.raw === raw && held.first <= loaded.seam.number ? loaded : null;
  const rows = useMemo(() => {
    if (earlier === null) return held;
    const { lines, seam } = earlier;
    return joined<AnyRow>(raw ? lines : readableRows(lines, seam.number), seam.number, held);
  }, [earlier, held, raw]);

  const seam = earlier?.seam ?? seamOf(held);
  const first = earlier?.lines[0] ?? seam;
  const load = () => {
    if (seam === null || first === null || state.loading) return;
    setState({ loading: true, error: null });
    readEarlier(runId, variation, attempt, first).then(
      (lines) => {
        setLoaded({ raw, seam, lines: [...lines, ...(earlier?.lines ?? [])] });
        setState({ loading: false, error: null });
      },
      (error: unknown) => setState({ loading: false, error: error instanceof Error ? error.message : String(error) }),
    );
  };
  return {
    rows,
    /** Lines before the first row. */
    before: first === null ? 0 : first.line - 1,
    /** As much is loaded as this page takes. */
    full: seam !== null && first !== null && seam.offset - first.offset > MOST_EARLIER,
    ...state,
    load,
  };
}
