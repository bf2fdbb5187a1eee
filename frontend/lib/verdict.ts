import type { VariationState } from "./run-state";

/** Checks that ended with 0. */
export const passed = (variation: VariationState): number => variation.checks.filter((check) => check.exit_code === 0).length;

const changed = (variation: VariationState): number => (variation.patch === null ? Infinity : variation.patch.additions + variation.patch.deletions);

/**
 * Best evidence first: more checks passed, then the smaller change, then the number.
 * Speed says nothing about quality and does not count.
 */
export function byEvidence(variations: readonly VariationState[]): VariationState[] {
  return [...variations].sort((one, other) => passed(other) - passed(one) || order(changed(one), changed(other)) || one.id - other.id);
}

/** Infinity minus itself would be NaN. */
const order = (one: number, other: number): number => (one === other ? 0 : one < other ? -1 : 1);
