import { duration } from "./format";
import type { RunState, VariationState } from "./run-state";
import type { Phase, PhaseKind } from "./run-phases";

/** The part of the width that a run which goes on may fill; the rest is room to come. */
const FILLED = 0.85;
const TICK_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
const MAX_TICKS = 6;

/** The time that the timeline shows, ms since the epoch. */
export interface Span {
  from: number;
  to: number;
  /** Where the run has come to. */
  end: number;
}

export const PHASE_WORDS: Record<PhaseKind, string> = { queue: "queued", clone: "clone", model: "model", tools: "tools", tests: "tests", end: "diff" };

export function spanOf(state: RunState, from: number, now: number, ended: boolean): Span {
  const told = state.variations.flatMap(({ phases }) => phases.map((phase) => phase.to ?? phase.from));
  const last = Math.max(from + 1000, ...told);
  // The clocks of browser and cluster may differ: what has happened is never in the future.
  const end = ended ? last : Math.max(last, now);
  return { from, end, to: ended ? end : from + (end - from) / FILLED };
}

/** Where a time is, in percent. */
export const percent = (span: Span, at: number): number => Math.min(100, Math.max(0, (100 * (at - span.from)) / (span.to - span.from)));

/** Times worth a label, and the label. */
export function ticks(span: Span): { at: number; label: string }[] {
  const seconds = (span.to - span.from) / 1000;
  const step = TICK_SECONDS.find((each) => seconds / each <= MAX_TICKS) ?? seconds / MAX_TICKS;
  const found: { at: number; label: string }[] = [];
  for (let at = 0; at < seconds; at += step) found.push({ at: span.from + at * 1000, label: duration(at * 1000) });
  return found;
}

/** The lane in words: what took how long, and what lasts. */
export function laneInWords({ phases }: VariationState, span: Span, who: string): string {
  const sums = new Map<PhaseKind, number>();
  for (const { kind, from, to } of phases) sums.set(kind, (sums.get(kind) ?? 0) + (to ?? span.end) - from);
  const parts = [...sums].map(([kind, milliseconds]) => `${PHASE_WORDS[kind]} ${Math.round(milliseconds / 1000)} s`);
  const last: Phase | undefined = phases.at(-1);
  const goesOn = last !== undefined && last.to === null ? `, now ${PHASE_WORDS[last.kind]}${last.label === "" ? "" : ` (${last.label})`}` : "";
  return `${who}: ${parts.join(", ")}${goesOn}`;
}
