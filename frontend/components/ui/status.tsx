import { Ban, CircleCheck, CircleHelp, CircleX, Clock, LoaderCircle, type LucideIcon } from "lucide-react";
import type { RunStatus, VariationStatus } from "@/lib/types";
import { cn } from "@/lib/utils";

type Look = { icon: LucideIcon; word: string; ink: string; spin?: boolean };

const LOOKS: Record<VariationStatus | RunStatus, Look> = {
  queued: { icon: Clock, word: "Queued", ink: "text-semantic-warning-ink" },
  pending: { icon: Clock, word: "Queued", ink: "text-semantic-warning-ink" },
  starting: { icon: LoaderCircle, word: "Starting", ink: "text-semantic-info-ink", spin: true },
  running: { icon: LoaderCircle, word: "Running", ink: "text-semantic-info-ink", spin: true },
  succeeded: { icon: CircleCheck, word: "Succeeded", ink: "text-semantic-success-ink" },
  completed: { icon: CircleCheck, word: "Completed", ink: "text-semantic-success-ink" },
  failed: { icon: CircleX, word: "Failed", ink: "text-semantic-error-ink" },
  cancelled: { icon: Ban, word: "Cancelled", ink: "text-neutral-shadow-ink" },
  lost: { icon: CircleHelp, word: "Lost", ink: "text-semantic-error-ink" },
};

/** A state: an icon and a word; the colour only supports. `word` may say it more exactly. */
export function Status({ status, word, className }: { status: VariationStatus | RunStatus; word?: string | undefined; className?: string }) {
  const look = LOOKS[status];
  const Icon = look.icon;
  return (
    <span className={cn("inline-flex items-center gap-1.5 text-caption font-medium whitespace-nowrap", className)}>
      <Icon aria-hidden className={cn("size-3.5 shrink-0", look.ink, look.spin === true && "animate-spin")} />
      {word ?? look.word}
    </span>
  );
}
