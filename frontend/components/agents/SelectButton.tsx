"use client";

import { Check } from "lucide-react";
import { useSelect } from "@/hooks/useAPI";
import { Button, type ButtonProps } from "../ui/button";

interface SelectButtonProps extends Pick<ButtonProps, "size"> {
  runId: string;
  variation: number;
  selected: boolean;
}

/** Picks a variation; picking another later changes the choice. */
export function SelectButton({ runId, variation, selected, size = "sm" }: SelectButtonProps) {
  const select = useSelect(runId);
  if (selected) {
    return (
      <span className="inline-flex min-h-7 items-center gap-1.5 px-sm text-caption font-semibold text-agent-ink">
        <Check aria-hidden className="size-4" />
        Selected
      </span>
    );
  }
  return (
    <>
      {select.isError && (
        <span role="alert" className="text-caption text-semantic-error-ink">
          {select.error.message}
        </span>
      )}
      <Button variant="agent" size={size} disabled={select.isPending} onClick={() => select.mutate(variation)} aria-label={`Select This: agent ${variation + 1}`}>
        <Check aria-hidden />
        Select This
      </Button>
    </>
  );
}
