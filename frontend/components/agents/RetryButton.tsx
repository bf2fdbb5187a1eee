"use client";

import { RotateCcw } from "lucide-react";
import { useRetryVariation } from "@/hooks/useAPI";
import { useWords } from "@/hooks/useBlind";
import type { VariationState } from "@/lib/run-state";
import { isShared } from "@/lib/share";
import { hasEnded } from "@/lib/types";
import { Button, type ButtonProps } from "../ui/button";

interface RetryButtonProps extends Pick<ButtonProps, "size"> {
  runId: string;
  variation: VariationState;
  /** The run goes on; its stream may have ended. */
  onRetried: () => void;
}

/** Tries a variation once more that did not succeed; what its last attempt left is kept by the server. */
export function RetryButton({ runId, variation, onRetried, size = "sm" }: RetryButtonProps) {
  const retry = useRetryVariation(runId);
  const { id, status, complete } = variation;
  const name = useWords()(id);
  if (isShared() || !hasEnded(status) || status === "succeeded" || !complete) return null;
  return (
    <>
      {retry.isError && (
        <span role="alert" className="text-caption text-semantic-error-ink">
          {retry.error.message}
        </span>
      )}
      <Button size={size} disabled={retry.isPending} onClick={() => retry.mutate(id, { onSuccess: onRetried })} aria-label={`Retry ${name}`}>
        <RotateCcw aria-hidden />
        Retry
      </Button>
    </>
  );
}
