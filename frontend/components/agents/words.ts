import type { VariationState } from "@/lib/run-state";
import { describeJob, followLogs, storedLog } from "@/lib/commands";
import { duration } from "@/lib/format";
import { hasEnded, type Run } from "@/lib/types";

const STEP_WORDS = {
  clone: "Cloning",
  context: "Reading",
  llm: "Writing",
  tool: "Working",
  check: "Testing",
  diff: "Making the patch",
  other: "Running",
} as const;

/** The same where there is only room for one short word. */
const SHORT_WORDS = {
  queued: "waits",
  starting: "starts",
  running: "runs",
  succeeded: "done",
  failed: "failed",
  cancelled: "ended",
  lost: "lost",
} as const;
const SHORT_STEPS = { clone: "clones", context: "reads", llm: "writes", tool: "works", check: "tests", diff: "diffs", other: "runs" } as const;

/** The server's word for what a ceiling of the run, or of its user's day, has stopped. */
const BUDGET_EXCEEDED = "budget_exceeded";

/** The state in a word or two; while it runs, what it does. */
export function statusWord(variation: VariationState): string | undefined {
  if (variation.cancelRequested && !hasEnded(variation.status)) return "Stopping";
  if (variation.status === "cancelled" && variation.reason === BUDGET_EXCEEDED) return "Out of budget";
  if (variation.status !== "running" || variation.step === null) return undefined;
  return variation.step === "llm" && variation.now.endsWith("thinking") ? "Thinking" : STEP_WORDS[variation.step];
}

export const shortWord = ({ status, step }: VariationState): string => (status === "running" && step !== null ? SHORT_STEPS[step] : SHORT_WORDS[status]);

/** How long it has been at work; empty before it started. */
export function elapsed(variation: VariationState, now: number): string {
  if (variation.startedAt === null) return "";
  const end = hasEnded(variation.status) && variation.endedAt !== null ? Date.parse(variation.endedAt) : now;
  return duration(end - Date.parse(variation.startedAt));
}

/** How long what it does now has lasted; empty when it does nothing. */
export function lasting(variation: VariationState, now: number): string {
  const phase = variation.phases.at(-1);
  return phase === undefined || phase.to !== null || hasEnded(variation.status) ? "" : duration(now - phase.from);
}

/** The command that shows the same as the page does of it. */
export function commandOf({ id, status, jobName, jobDeletedAt }: VariationState, run: Run): string {
  if (jobDeletedAt !== null) return storedLog(window.location.origin, run.run_id, id);
  return (status === "queued" || status === "starting" ? describeJob : followLogs)(jobName, run.namespace);
}

/** The model without its provider's prefix. */
export const modelName = (variation: VariationState): string => (variation.model ?? "default model").replace(/^openai\//, "");

/** Whether there is something to pick: a change, or the answer of one that succeeded. */
export const canSelect = (variation: VariationState): boolean =>
  variation.complete && (variation.patch !== null || variation.status === "succeeded");

/** What it had done when it was ended before its time. */
export const isPartial = (variation: VariationState): boolean => hasEnded(variation.status) && variation.status !== "succeeded" && variation.patch !== null;

/** All that is known of how it ended, to be pasted into a report. */
export function details(variation: VariationState, command: string): string {
  const { id, attempt, jobName, status, reason, message, hint, exitCode, told } = variation;
  const lines: [string, string | number | null][] = [
    ["agent", id + 1],
    ["attempt", attempt === 0 ? null : attempt + 1],
    ["job", jobName],
    ["status", status],
    ["reason", reason],
    ["exit code", exitCode],
    ["message", message],
    ["hint", hint],
    ["log", told === null ? null : `${told.lines} lines, ${told.bytes} bytes, sha256 ${told.sha256}`],
    ["see", command],
  ];
  return lines.flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\n`])).join("");
}
