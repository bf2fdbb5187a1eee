import { callSubject, type AgentLine, type Step } from "./agent-line";
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
  /** Lines received so far, and how many the server says there are, once it has ended. */
  lines: number;
  linesTold: number | null;
  /** The agent's number of its last line; 0 before the first. */
  seq: number;
  /** Places where lines are missing: told by the server, or seen as a hole in `seq`. */
  gaps: number;
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
  lines: 0,
  linesTold: null,
  seq: 0,
  gaps: 0,
  complete: false,
});

/** What the API says of the run, before its stream is read. */
export function initialState(run: Run): RunState {
  return {
    status: run.status,
    complete: false,
    variations: run.variations.map((variation) => withFacts(nothingKnown(variation.variation_id, run.run_id), variation)),
  };
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
    model: told.model ?? state.model,
    temperature: told.temperature ?? null,
    startedAt: told.started_at ?? state.startedAt,
    endedAt: told.ended_at ?? state.endedAt,
    exitCode: told.exit_code ?? null,
    summary: told.summary ?? null,
    usage: told.usage ?? null,
    checks: told.checks ?? [],
    patch: told.patch ?? null,
  };
}

/** One event of the stream; `line` is its agent line where it has one. */
export function reduce(state: RunState, event: StreamEvent, line: AgentLine | null = null): RunState {
  switch (event.type) {
    case "heartbeat":
      return state;
    case "run_complete":
      return { ...state, status: event.status, complete: true };
    default: {
      const index = state.variations.findIndex((variation) => variation.id === event.variation_id);
      const before = state.variations[index];
      if (before === undefined) return state;
      const after = reduceVariation(before, event, line);
      const variations = state.variations.slice();
      variations[index] = after;
      const running = state.status === "pending" && after.status !== "queued" && after.status !== "starting";
      return { ...state, variations, status: running && !runHasEnded(state.status) ? "running" : state.status };
    }
  }
}

type VariationEvent = Exclude<StreamEvent, { type: "heartbeat" | "run_complete" }>;

function reduceVariation(state: VariationState, event: VariationEvent, line: AgentLine | null): VariationState {
  switch (event.type) {
    case "agent_output": {
      if (event.partial === true) return state;
      const counted = { ...state, lines: state.lines + 1, startedAt: state.startedAt ?? event.timestamp };
      return line === null ? counted : reduceLine(counted, line);
    }
    case "agent_status":
      // The API has told the end already: what led to it is only replayed.
      if (hasEnded(state.status) && !state.complete && !hasEnded(event.status)) return state;
      return {
        ...state,
        status: event.status,
        reason: event.reason ?? null,
        message: event.message ?? null,
        hint: event.hint ?? null,
        startedAt: event.status === "running" ? (state.startedAt ?? event.timestamp) : state.startedAt,
        endedAt: hasEnded(event.status) ? (state.endedAt ?? event.timestamp) : state.endedAt,
      };
    case "agent_error":
      return {
        ...state,
        reason: event.reason ?? state.reason,
        message: event.error,
        hint: event.hint ?? state.hint,
        exitCode: event.exit_code ?? state.exitCode,
      };
    case "log_gap":
      return event.certain ? { ...state, gaps: state.gaps + 1 } : state;
    case "agent_complete":
      return {
        ...state,
        status: event.status,
        exitCode: event.exit_code ?? state.exitCode,
        linesTold: event.lines,
        gaps: state.gaps + (event.lines === state.lines ? 0 : 1),
        patch: event.patch ?? state.patch,
        usage: event.usage ?? state.usage,
        endedAt: state.endedAt ?? event.timestamp,
        complete: true,
      };
  }
}

function reduceLine(state: VariationState, line: AgentLine): VariationState {
  // A number out of step is a hole, unless the count begins anew with another attempt.
  const hole = line.seq !== state.seq + 1 && line.seq !== 1;
  const next = { ...state, seq: line.seq, gaps: state.gaps + (hole ? 1 : 0) };
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
      return { ...next, step: "tool", now: `${line.name} ${callSubject(line.arguments)}`.trim() };
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

/** What the stream proves: how many lines came, and whether any is missing. */
export function integrity(state: RunState): { lines: number; gaps: number; complete: boolean } {
  return {
    lines: state.variations.reduce((sum, variation) => sum + variation.lines, 0),
    gaps: state.variations.reduce((sum, variation) => sum + variation.gaps, 0),
    complete: state.variations.length > 0 && state.variations.every((variation) => variation.complete),
  };
}
