"use client";

import { GitFork } from "lucide-react";
import Link from "next/link";
import { useBlind } from "@/hooks/useBlind";
import { followUpAddress } from "@/lib/new-run";
import type { VariationState } from "@/lib/run-state";
import { isShared } from "@/lib/share";
import { Button, type ButtonProps } from "../ui/button";

/** To the form of a run that goes on from this result. Its address has the agent's number: not while judged blind. */
export function FollowUpLink({ runId, variation: { id, complete, patch }, size = "icon-sm" }: { runId: string; variation: VariationState; size?: ButtonProps["size"] }) {
  const blind = useBlind() !== null;
  if (blind || isShared() || !complete || patch === null) return null;
  return (
    <Button asChild size={size}>
      <Link href={followUpAddress(runId, id)} prefetch={false} aria-label={`New run from the result of agent ${id + 1}`} title="New run from this result">
        <GitFork aria-hidden />
      </Link>
    </Button>
  );
}
