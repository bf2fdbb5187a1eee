"use client";

import { Check } from "lucide-react";
import { useState } from "react";
import { useSelect } from "@/hooks/useAPI";
import { useWords } from "@/hooks/useBlind";
import { plural } from "@/lib/format";
import { isShared } from "@/lib/share";
import { Button, type ButtonProps } from "../ui/button";
import { Choice } from "../ui/dialog";

interface SelectButtonProps extends Pick<ButtonProps, "size"> {
  runId: string;
  variation: number;
  selected: boolean;
  /** The other variations that have not ended: picking early asks what becomes of them. */
  running?: readonly number[];
  /** Without the agent's hue: beside others of its kind. */
  quiet?: boolean;
}

/** Picks a variation; picking another later changes the choice. */
export function SelectButton({ runId, variation, selected, size = "sm", running = [], quiet = false }: SelectButtonProps) {
  const name = useWords()(variation);
  const select = useSelect(runId);
  const [asking, setAsking] = useState(false);
  // They ended while the question was open: nothing is left to be stopped.
  if (asking && running.length === 0) setAsking(false);
  if (selected) {
    return (
      <span className="inline-flex min-h-7 items-center gap-1.5 px-sm text-caption font-semibold text-agent-ink">
        <Check aria-hidden className="size-4" />
        Selected
      </span>
    );
  }
  if (isShared()) return null;
  return (
    <>
      {select.isError && (
        <span role="alert" className="text-caption text-semantic-error-ink">
          {select.error.message}
        </span>
      )}
      <Button
        variant={quiet ? "outline" : "agent"}
        size={size}
        disabled={select.isPending}
        onClick={() => (running.length > 0 ? setAsking(true) : select.mutate({ variation }))}
        aria-label={`Select This: ${name}`}
      >
        <Check aria-hidden />
        Select This
      </Button>
      <Choice
        open={asking}
        onOpenChange={setAsking}
        title={`Select ${name} and stop the ${running.length === 1 ? "other one" : `other ${running.length}`}?`}
        options={[
          { text: "Select, let them run", run: () => select.mutate({ variation }) },
          { text: `Select and stop ${running.length}`, primary: true, run: () => select.mutate({ variation, cancelOthers: true }) },
        ]}
      >
        {plural(running.length, "agent is", "agents are")} still at work. Their logs and what they have changed so far are kept. The question closes by itself when they end first.
      </Choice>
    </>
  );
}
