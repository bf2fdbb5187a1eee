"use client";

import { Archive, Ban, FileDiff, FlaskConical } from "lucide-react";
import type { ReactNode } from "react";
import { useBlind } from "@/hooks/useBlind";
import { visible } from "@/lib/ansi";
import { dollars, exitText, plural, short } from "@/lib/format";
import type { VariationState } from "@/lib/run-state";
import type { PatchStats } from "@/lib/types";
import { cn } from "@/lib/utils";
import { elapsed, isPartial } from "./words";

export function Additions({ patch }: { patch: Pick<PatchStats, "additions" | "deletions"> }) {
  return (
    <span className="whitespace-nowrap tabular-nums">
      <span className="text-semantic-success-ink">+{patch.additions}</span> <span className="text-semantic-error-ink">−{patch.deletions}</span>
    </span>
  );
}

const BLOCKS = 5;

/** The share of added and removed lines, for the eye. */
export function Blocks({ patch }: { patch: Pick<PatchStats, "additions" | "deletions"> }) {
  const total = patch.additions + patch.deletions;
  const filled = Math.min(BLOCKS, total);
  const added = total === 0 ? 0 : Math.round((filled * patch.additions) / total);
  return (
    <span aria-hidden className="inline-flex gap-px">
      {Array.from({ length: BLOCKS }, (_, index) => (
        <i
          key={index}
          className={cn("size-2 rounded-[1px]", index < added ? "bg-semantic-success-ink" : index < filled ? "bg-semantic-error-ink" : "border border-neutral-edge/50 bg-neutral-fog")}
        />
      ))}
    </span>
  );
}

/** Time, tokens, cost and steps, as far as they are known. */
export function Measures({ variation, now, className }: { variation: VariationState; now: number; className?: string }) {
  const { steps, exitCode, lines } = variation;
  // Time, tokens and cost tell a model from another.
  const blind = useBlind() !== null;
  const usage = blind ? null : variation.usage;
  const time = blind ? "" : elapsed(variation, now);
  return (
    <p className={cn("flex min-h-5 flex-wrap gap-x-3 text-caption tabular-nums text-neutral-shadow-ink", className)}>
      {time !== "" && <span>{time}</span>}
      {usage !== null && <span>{short(usage.input_tokens + usage.output_tokens)} tokens</span>}
      {usage?.cost_usd != null && <span>{dollars(usage.cost_usd)}</span>}
      {steps > 0 && <span>{plural(steps, "step")}</span>}
      {lines > 0 && <span>{plural(lines, "line")}</span>}
      {exitCode !== null && exitCode !== 0 && <span>exit {exitCode}</span>}
    </p>
  );
}

function Chip({ ok, title, children }: { ok?: boolean; title?: string; children: ReactNode }) {
  return (
    <span
      title={title}
      className={cn(
        "inline-flex h-6 max-w-full min-w-0 items-center gap-xs rounded-md border bg-neutral-white px-sm text-caption whitespace-nowrap [&_svg]:size-3.5 [&_svg]:shrink-0",
        ok === true && "border-semantic-success/30 bg-semantic-success/10 [&_svg]:text-semantic-success-ink",
        ok === false && "border-semantic-error/30 bg-semantic-error/10 [&_svg]:text-semantic-error-ink",
      )}
    >
      {children}
    </span>
  );
}

/** The evidence in short: each check with its outcome, and the size of the change. */
export function Evidence({ variation }: { variation: VariationState }) {
  const { checks, patch, status, jobDeletedAt } = variation;
  return (
    <>
      {checks.map((check, index) => (
        <Chip key={index} ok={check.exit_code === 0}>
          <FlaskConical aria-hidden />
          <code className="truncate">{visible(check.command)}</code>
          <b className="font-semibold">{check.exit_code === 0 ? "passed" : exitText(check.exit_code)}</b>
        </Chip>
      ))}
      {checks.length === 0 && status === "cancelled" && (
        <Chip>
          <Ban aria-hidden />
          no check has run
        </Chip>
      )}
      {patch !== null && (
        <Chip>
          <FileDiff aria-hidden />
          {isPartial(variation) && "partial, "}
          {plural(patch.files, "file")} <Additions patch={patch} />
        </Chip>
      )}
      {jobDeletedAt !== null && (
        <Chip title={`Its Job was deleted at ${new Date(jobDeletedAt).toLocaleString()}. Its log and result are stored.`}>
          <Archive aria-hidden />
          <span className="max-md:sr-only">stored</span>
        </Chip>
      )}
    </>
  );
}
