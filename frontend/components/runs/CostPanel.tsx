import { dollars, duration, plural } from "@/lib/format";
import type { Range } from "@/lib/estimate";
import type { Draft } from "@/lib/new-run";
import { amount } from "@/lib/new-run";

interface CostPanelProps {
  draft: Draft;
  /** Of all agents together; null where it is not known. */
  cost: Range | null;
  /** How many agents it is judged by. */
  evidence: number;
  /** Whether the price of every model is known. */
  priced: boolean;
  /** Median seconds of this account's runs; null without any. */
  seconds: number | null;
}

/** What it may cost and when it stops, with the evidence for each figure. */
export function CostPanel({ draft, cost, evidence, priced, seconds }: CostPanelProps) {
  return (
    <div>
      <h2 className="text-caption text-neutral-shadow-ink">Expected cost</h2>
      <p className="text-h2 font-semibold tracking-tight tabular-nums">{cost === null ? "Not known" : range(cost)}</p>
      <p className="text-caption text-neutral-shadow-ink">{reason(cost, priced, evidence)}</p>
      <dl className="mt-3 grid gap-xs text-caption tabular-nums [&_dt]:text-neutral-shadow-ink [&>div]:flex [&>div]:justify-between [&>div]:gap-md">
        <div>
          <dt>Agents</dt>
          <dd>{plural(draft.variations, "Job")}</dd>
        </div>
        {seconds !== null && (
          <div>
            <dt>Typical time</dt>
            <dd>{duration(seconds * 1000)}</dd>
          </div>
        )}
        <div>
          <dt>Each stops at</dt>
          <dd className="text-right">{stops(draft)}</dd>
        </div>
        {amount(draft.runCost) > 0 && (
          <div>
            <dt>All stop at</dt>
            <dd>{dollars(amount(draft.runCost))}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

const range = ({ low, high }: Range): string => (dollars(low) === dollars(high) ? `about ${dollars(high)}` : `${dollars(low)} to ${dollars(high)}`);

function reason(cost: Range | null, priced: boolean, evidence: number): string {
  if (cost !== null) return `At list prices, as your last ${plural(evidence, "agent")} worked.`;
  if (!priced) return "No price is known for a model of this run.";
  return "Known once a run of yours has ended.";
}

function stops(draft: Draft): string {
  const parts = [
    amount(draft.cost) > 0 ? dollars(amount(draft.cost)) : "",
    amount(draft.tokens) > 0 ? `${draft.tokens.trim()} tokens` : "",
    amount(draft.minutes) > 0 ? `${draft.minutes.trim()} min` : "",
  ].filter(Boolean);
  return parts.length === 0 ? "the server’s limits" : parts.join(", ");
}
