import type { AgentLine } from "./agent-line";

export type PhaseKind = "queue" | "clone" | "model" | "tools" | "tests" | "end";

/** A stretch of a variation's time, for the timeline. */
export interface Phase {
  kind: PhaseKind;
  /** Said in it: a reason for waiting, a check's command. */
  label: string;
  /** Milliseconds since the epoch. */
  from: number;
  /** Null while it lasts. */
  to: number | null;
}

/** More than a timeline can show: from then on the last one lasts. */
const MAX_PHASES = 300;

/** The phase that begins with this line; null where the line begins none. */
export function phaseOf(line: AgentLine): { kind: PhaseKind; label: string } | null {
  switch (line.type) {
    case "started":
      return { kind: "clone", label: "" };
    case "status":
      if (line.step === "clone" || line.step === "context") return { kind: "clone", label: "" };
      if (line.step === "llm") return { kind: "model", label: "" };
      if (line.step === "tool") return { kind: "tools", label: "" };
      if (line.step === "check") return { kind: "tests", label: line.message };
      return line.step === "diff" ? { kind: "end", label: "" } : null;
    case "text":
    case "reasoning":
      return { kind: "model", label: "" };
    case "tool_call":
    case "tool_result":
      return { kind: "tools", label: "" };
    case "check":
      return { kind: "tests", label: line.command };
    case "patch":
      return { kind: "end", label: "" };
    default:
      return null;
  }
}

/** Ends the phase that lasts and begins another; the same array where nothing changes. */
export function enter(phases: Phase[], kind: PhaseKind, label: string, at: number): Phase[] {
  const last = phases.at(-1);
  if (last === undefined) return [{ kind, label, from: at, to: null }];
  if (Number.isNaN(at) || phases.length >= MAX_PHASES) return phases;
  if (last.kind === kind && last.to === null) {
    if (last.label === label || label === "") return phases;
    if (kind !== "tests" || last.label === "") return [...phases.slice(0, -1), { ...last, label }];
  }
  return [...leave(phases, at), { kind, label, from: Math.max(at, last.from), to: null }];
}

/** Ends the phase that lasts. */
export function leave(phases: Phase[], at: number): Phase[] {
  const last = phases.at(-1);
  if (last === undefined || last.to !== null || Number.isNaN(at)) return phases;
  return [...phases.slice(0, -1), { ...last, to: Math.max(at, last.from) }];
}
