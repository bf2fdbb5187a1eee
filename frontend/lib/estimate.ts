/** What a run may cost and how long it may take, judged by the runs there were. Nothing is guessed: without evidence there is no figure. */
import type { Price, Run, Usage } from "./types";

/** From the lower to the upper quartile of what there was. */
export interface Range {
  low: number;
  high: number;
}

const PER = 1_000_000;

const price = (usage: Usage, of: Price): number => (usage.input_tokens * of.input + usage.output_tokens * of.output) / PER;

/** The tokens that agents of these runs took. */
export const usages = (runs: readonly Run[]): Usage[] =>
  runs.flatMap((run) => run.variations.flatMap(({ usage, status }) => (usage && status === "succeeded" ? [usage] : [])));

/** What one agent with this price would have cost; null without a price, or without evidence. */
export function expectedCost(of: Price | null | undefined, evidence: readonly Usage[]): Range | null {
  if (of == null || evidence.length === 0) return null;
  const costs = evidence.map((usage) => price(usage, of)).sort((one, other) => one - other);
  return { low: quantile(costs, 0.25), high: quantile(costs, 0.75) };
}

/** Of all agents together; null where it is not known of one of them. */
export function total(ranges: readonly (Range | null)[]): Range | null {
  let sum: Range | null = { low: 0, high: 0 };
  for (const range of ranges) sum = sum === null || range === null ? null : { low: sum.low + range.low, high: sum.high + range.high };
  return ranges.length === 0 ? null : sum;
}

/** Median seconds from the start to the end of the runs that completed; null without any. */
export function typicalSeconds(runs: readonly Run[]): number | null {
  const seconds = runs
    .filter(({ status }) => status === "completed")
    .map((run) => (Date.parse(run.finished_at ?? "") - Date.parse(run.created_at)) / 1000)
    .filter((value) => value >= 0)
    .sort((one, other) => one - other);
  return seconds.length === 0 ? null : quantile(seconds, 0.5);
}

/** Of sorted values, the nearest one. */
const quantile = (sorted: readonly number[], at: number): number => sorted[Math.round((sorted.length - 1) * at)] ?? 0;
