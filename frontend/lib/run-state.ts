import { callSubject, type AgentLine, type Step } from "./agent-line";
import type { Received } from "./run-hash";
import { enter, leave, phaseOf, type Phase } from "./run-phases";
import type { Check, PatchStats, Run, RunStatus, StreamEvent, Usage, Variation, VariationStatus } from "./types";
import { hasEnded, runHasEnded } from "./types";

/** What the page knows of one variation, its log aside. */
export interface VariationState {
  id: number;
  jobName: string;
  status: VariationStatus;
  reason: string | null;
  message: string | null;
  hint: string | null;
  /** Its place in the queue while it waits for its turn, as it was last told. */
  position: number | null;
  model: string | null;
  temperature: number | null;
  /** What it does now: the last step, and a few words about it. */
  step: Step | null;
  now: string;
  startedAt: string | null;
  endedAt: string | null;
  exitCode: number | null;
  summary: string | null;
  usage: Usage | null;
  checks: Check[];
  patch: PatchStats | null;
  /** Calls of tools so far. */
  steps: number;
  phases: Phase[];
  /** Somebody asked it to stop. */
  cancelRequested: boolean;
  /** When its Job was deleted: kubectl finds nothing since. */
  jobDeletedAt: string | null;
  /** Counted from 0; another one begins when it is retried. */
  attempt: number;
  /** Lines received so far. */
  lines: number;
  /** What the server says there is, once it has ended. */
  told: Received | null;
  /** What had arrived by then; null where it was not counted. */
  received: Received | null;
  /** The agent's number of its last line; 0 before the first. */
  seq: number;
  /** Places where the agent's numbers leave lines out, and how many lines that is. */
  holes: number;
  missing: number;
  /** Places where the server knows that lines are missing. */
  gapsTold: number;
  /** The server has said that every line of it was sent. */
  complete: boolean;
}

export interface RunState {
  status: RunStatus;
  variations: VariationState[];
  /** The server has said that nothing more will come. */
  complete: boolean;
}

const nothingKnown = (id: number, runId: string): VariationState => ({
  id,
  jobName: `agent-${runId}-${id}`,
  status: "queued",
  reason: null,
  message: null,
  hint: null,
  position: null,
  model: null,
  temperature: null,
  step: null,
  now: "",
  startedAt: null,
  endedAt: null,
  exitCode: null,
  summary: null,
  usage: null,
  checks: [],
  patch: null,
  steps: 0,
  phases: [],
  cancelRequested: false,
  jobDeletedAt: null,
  attempt: 0,
  lines: 0,
  told: null,
  received: null,
  seq: 0,
  holes: 0,
  missing: 0,
  gapsTold: 0,
  complete: false,
});

/** What the API says of the run, before its stream is read. */
export function initialState(run: Run): RunState {
  return {
    status: run.status,
    complete: false,
    variations: run.variations.map((variation) => begin(withFacts(nothingKnown(variation.variation_id, run.run_id), variation), run.created_at)),
  };
}

/** Waiting begins with the run. */
const begin = (state: VariationState, at: string): VariationState => ({
  ...state,
  phases: enter([], "queue", state.status === "queued" ? (state.reason ?? "") : "", Date.parse(at)),
});

/** What the API says of a run that is followed already: only what its stream does not say. */
export function refresh(state: RunState, run: Run): RunState {
  const variations = state.variations.map((variation) => {
    const told = run.variations.find(({ variation_id }) => variation_id === variation.id);
    if (told === undefined) return variation;
    return {
      ...variation,
      jobName: told.job_name,
      cancelRequested: told.cancel_requested,
      jobDeletedAt: told.timings.job_deleted_at ?? null,
      attempt: told.attempt,
      summary: told.summary ?? variation.summary,
    };
  });
  return { ...state, variations };
}

/** Takes over what only the API says, and what the stream may not have said yet. */
function withFacts(state: VariationState, told: Variation): VariationState {
  return {
    ...state,
    jobName: told.job_name,
    status: told.status,
    reason: told.reason ?? null,
    message: told.message ?? null,
    hint: told.hint ?? null,
    position: told.position ?? null,
    model: told.model ?? state.model,
    temperature: told.temperature ?? null,
    cancelRequested: told.cancel_requested,
    jobDeletedAt: told.timings.job_deleted_at ?? null,
    attempt: told.attempt,
    startedAt: told.started_at ?? state.startedAt,
    endedAt: told.ended_at ?? state.endedAt,
    exitCode: told.exit_code ?? null,
    summary: told.summary ?? null,
    usage: told.usage ?? null,
    checks: told.checks ?? [],
    patch: told.patch ?? null,
  };
}

/** What comes with an event: the agent's line in it, or what had arrived of a log when its end was told. */
export interface Extra {
  line?: AgentLine | null;
  received?: Received | null;
}

/** One event of the stream. */
export function reduce(state: RunState, event: StreamEvent, extra: Extra = {}): RunState {
  switch (event.type) {
    case "heartbeat":
      return state;
    case "run_complete":
      return { ...state, status: event.status, complete: true };
    default: {
      const index = state.variations.findIndex((variation) => variation.id === event.variation_id);
      const before = state.variations[index];
      if (before === undefined) return state;
      const after = reduceVariation(before, event, extra);
      const variations = state.variations.slice();
      variations[index] = after;
      if (event.type === "agent_retry") return { ...state, variations, status: "running", complete: false };
      const running = state.status === "pending" && after.status !== "queued" && after.status !== "starting";
      return { ...state, variations, status: running && !runHasEnded(state.status) ? "running" : state.status };
    }
  }
}

type VariationEvent = Exclude<StreamEvent, { type: "heartbeat" | "run_complete" }>;

function reduceVariation(state: VariationState, event: VariationEvent, { line = null, received = null }: Extra): VariationState {
  switch (event.type) {
    case "agent_output": {
      if (event.partial === true) return state;
      const counted = { ...state, lines: state.lines + 1, startedAt: state.startedAt ?? event.timestamp };
      return line === null ? counted : reduceLine(counted, line, event.timestamp);
    }
    case "agent_status": {
      const phases = phasesAfter(state.phases, event);
      // The API has told the end already: what led to it is only replayed.
      if (hasEnded(state.status) && !state.complete && !hasEnded(event.status)) return { ...state, phases };
      return {
        ...state,
        phases,
        status: event.status,
        reason: event.reason ?? null,
        message: event.message ?? null,
        hint: event.hint ?? null,
        position: event.position ?? null,
        startedAt: event.status === "running" ? (state.startedAt ?? event.timestamp) : state.startedAt,
        endedAt: hasEnded(event.status) ? (state.endedAt ?? event.timestamp) : state.endedAt,
      };
    }
    case "agent_retry":
      return anew(state, event);
    case "agent_error":
      return {
        ...state,
        reason: event.reason ?? state.reason,
        message: event.error,
        hint: event.hint ?? state.hint,
        exitCode: event.exit_code ?? state.exitCode,
      };
    case "log_gap":
      return event.certain ? { ...state, gapsTold: state.gapsTold + 1 } : state;
    case "agent_complete":
      return {
        ...state,
        status: event.status,
        exitCode: event.exit_code ?? state.exitCode,
        told: { lines: event.lines, bytes: event.bytes, sha256: event.sha256 },
        received,
        patch: event.patch ?? state.patch,
        usage: event.usage ?? state.usage,
        phases: leave(state.phases, Date.parse(state.endedAt ?? event.timestamp)),
        endedAt: state.endedAt ?? event.timestamp,
        complete: true,
      };
  }
}

/** Another attempt of a variation that had ended: nothing of the work before counts for it. */
const anew = (state: VariationState, { attempt, job_name, timestamp }: VariationEvent & { type: "agent_retry" }): VariationState => ({
  ...nothingKnown(state.id, ""),
  jobName: job_name,
  model: state.model,
  temperature: state.temperature,
  phases: enter(state.phases, "queue", "", Date.parse(timestamp)),
  attempt,
});

function phasesAfter(phases: Phase[], event: VariationEvent & { type: "agent_status" }): Phase[] {
  const at = Date.parse(event.timestamp);
  if (event.status === "queued" || event.status === "starting") return enter(phases, "queue", event.reason ?? "", at);
  if (event.status === "running") return phases.at(-1)?.kind === "queue" ? enter(phases, "clone", "", at) : phases;
  return leave(phases, at);
}

/** How many lines are missing before this one, by the agent's own numbers; a count that begins anew is another attempt's. */
export const missingBefore = (seq: number, line: AgentLine): number => (line.seq === 1 ? 0 : Math.max(0, line.seq - seq - 1));

function reduceLine(state: VariationState, line: AgentLine, time: string): VariationState {
  const missing = missingBefore(state.seq, line);
  const phase = phaseOf(line);
  const next = {
    ...state,
    seq: line.seq,
    holes: state.holes + (missing > 0 ? 1 : 0),
    missing: state.missing + missing,
    phases: phase === null ? state.phases : enter(state.phases, phase.kind, phase.label, Date.parse(time)),
  };
  switch (line.type) {
    case "started":
      return { ...next, model: next.model ?? line.model };
    case "status":
      return { ...next, step: line.step, now: line.message };
    case "text":
      return { ...next, step: "llm", now: "The model is writing" };
    case "reasoning":
      return { ...next, step: "llm", now: "The model is thinking" };
    case "tool_call":
      return { ...next, step: "tool", steps: next.steps + (line.more ? 0 : 1), now: `${line.name} ${callSubject(line.arguments)}`.trim() };
    case "usage":
      return { ...next, usage: { input_tokens: line.input_tokens, output_tokens: line.output_tokens, cost_usd: line.cost_usd } };
    case "check": {
      const check = { command: line.command, exit_code: line.exit_code, seconds: line.seconds, output_tail: line.output_tail };
      // A replay says again what the API has said already.
      const others = next.checks.filter((known) => known.command !== line.command);
      return { ...next, step: "check", now: line.command, checks: [...others, check] };
    }
    case "patch":
      if (!line.last) return next;
      return { ...next, step: "diff", patch: { files: line.files ?? 0, additions: line.additions ?? 0, deletions: line.deletions ?? 0 } };
    case "finished":
      return { ...next, summary: line.summary };
    case "error":
      return { ...next, message: next.message ?? line.message };
    case "tool_result":
    case "unknown":
      return next;
  }
}

export type Proof = "same" | "differs" | "open";

/** Whether what arrived of a log is what the server says it is: as many lines, and the same bytes. */
export function proofOf({ complete, told, received, lines }: VariationState): Proof {
  if (!complete || told === null) return "open";
  if (told.lines !== lines) return "differs";
  if (received === null) return "open";
  return told.bytes === received.bytes && told.sha256 === received.sha256 ? "same" : "differs";
}

/** Places of one log where lines are missing. Server and agent may both tell of the same one. */
export const gapsOf = (variation: VariationState): number => Math.max(variation.holes, variation.gapsTold);

export interface Integrity {
  lines: number;
  gaps: number;
  /** Every log has ended, and was sent whole. */
  complete: boolean;
  /** Of the logs that ended, how many are proved to be the server's byte for byte, and how many are not its. */
  same: number;
  differs: number;
}

/** What the stream proves. */
export function integrity({ variations }: RunState): Integrity {
  const proofs = variations.map(proofOf);
  return {
    lines: variations.reduce((sum, variation) => sum + variation.lines, 0),
    gaps: variations.reduce((sum, variation) => sum + gapsOf(variation), 0),
    complete: variations.length > 0 && variations.every((variation) => variation.complete),
    same: proofs.filter((proof) => proof === "same").length,
    differs: proofs.filter((proof) => proof === "differs").length,
  };
}
