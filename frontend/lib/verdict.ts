import type { VariationState } from "./run-state";

/** Checks that ended with 0. */
export const passed = (variation: VariationState): number => variation.checks.filter((check) => check.exit_code === 0).length;

const changed = (variation: VariationState): number => (variation.patch === null ? Infinity : variation.patch.additions + variation.patch.deletions);

/**
 * Best evidence first: more checks passed, then fewer tests edited, then the smaller change, then the number.
 * Speed and cost say nothing about quality and do not count. `testsEdited` says how many tests that were there before a
 * variation changed.
 */
export function byEvidence(variations: readonly VariationState[], testsEdited: (id: number) => number = () => 0): VariationState[] {
  return [...variations].sort(
    (one, other) => passed(other) - passed(one) || testsEdited(one.id) - testsEdited(other.id) || order(changed(one), changed(other)) || one.id - other.id,
  );
}

/** Infinity minus itself would be NaN. */
const order = (one: number, other: number): number => (one === other ? 0 : one < other ? -1 : 1);

/** The commands of all checks, in the order in which they were asked for. */
export const checkCommands = (variations: readonly VariationState[]): string[] => [...new Set(variations.flatMap(({ checks }) => checks.map(({ command }) => command)))];

const LETTERS = "ABCDE";

/**
 * Letters in place of numbers, for judging without knowing who did it: a number tells the model to whom chose it.
 * The order is the run's own, so that a letter keeps its meaning over reloads.
 */
export function blindNames(runId: string, ids: readonly number[]): Map<number, string> {
  const order = [...ids].sort((one, other) => hash(`${runId}/${one}`) - hash(`${runId}/${other}`));
  return new Map(order.map((id, index) => [id, LETTERS[index] ?? String(index)]));
}

/** FNV-1a, 32 bits, and mixed once more: names that differ in their last character would stay in order. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
