"use client";

import { Square, X } from "lucide-react";
import { useState } from "react";
import { useCancelVariation } from "@/hooks/useAPI";
import { useWords } from "@/hooks/useBlind";
import type { VariationState } from "@/lib/run-state";
import { isShared } from "@/lib/share";
import { hasEnded } from "@/lib/types";
import { Button, type ButtonProps } from "../ui/button";
import { Confirm } from "../ui/dialog";

/** Ends one agent; the others go on. */
export function StopButton({ runId, variation, size = "sm" }: { runId: string; variation: VariationState; size?: ButtonProps["size"] }) {
  const cancel = useCancelVariation(runId);
  const [asking, setAsking] = useState(false);
  const { id, status, cancelRequested } = variation;
  const name = useWords()(id);
  if (hasEnded(status) || isShared()) return null;
  const waits = status === "queued";
  const stopping = cancelRequested || cancel.isPending || cancel.isSuccess;
  return (
    <>
      {cancel.isError && (
        <span role="alert" className="text-caption text-semantic-error-ink">
          {cancel.error.message}
        </span>
      )}
      <Button size={size} disabled={stopping} onClick={() => setAsking(true)} aria-label={`${waits ? "Give up" : "Stop"} ${name}`}>
        {waits ? <X aria-hidden /> : <Square aria-hidden />}
        {stopping ? "Stopping…" : waits ? "Give up" : "Stop"}
      </Button>
      <Confirm open={asking} onOpenChange={setAsking} title={`Stop ${name}?`} action={`Stop ${name}`} onConfirm={() => cancel.mutate(id)}>
        The others go on. What it has printed and changed so far is kept.
      </Confirm>
    </>
  );
}
