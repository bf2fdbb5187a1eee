import type { VariationState } from "@/lib/run-state";
import { duration } from "@/lib/format";
import { hasEnded } from "@/lib/types";

const STEP_WORDS = {
  clone: "Cloning",
  context: "Reading",
  llm: "Writing",
  tool: "Working",
  check: "Running checks",
  diff: "Making the patch",
  other: "Running",
} as const;

/** The state in a word or two; while it runs, what it does. */
export function statusWord(variation: VariationState): string | undefined {
  if (variation.status !== "running" || variation.step === null) return undefined;
  return variation.step === "llm" && variation.now.endsWith("thinking") ? "Thinking" : STEP_WORDS[variation.step];
}

/** How long it has been at work; empty before it started. */
export function elapsed(variation: VariationState, now: number): string {
  if (variation.startedAt === null) return "";
  const end = hasEnded(variation.status) && variation.endedAt !== null ? Date.parse(variation.endedAt) : now;
  return duration(end - Date.parse(variation.startedAt));
}

/** The model without its provider's prefix. */
export const modelName = (variation: VariationState): string => (variation.model ?? "default model").replace(/^openai\//, "");

/** Whether there is something to pick: a change, or the answer of one that succeeded. */
export const canSelect = (variation: VariationState): boolean =>
  variation.complete && (variation.patch !== null || variation.status === "succeeded");
