import { callSubject, type AgentLine } from "./agent-line";
import { count, exitText, plural } from "./format";
import { Ring } from "./ring";

export type RowKind = "kube" | "status" | "text" | "think" | "tool" | "usage" | "check" | "patch" | "end" | "error" | "gap" | "line";
export type Tone = "plain" | "ok" | "warn" | "bad" | "dim";

/** One row of the readable log. */
export interface Row {
  /** Stable and unique within its variation. */
  key: number;
  kind: RowKind;
  tone: Tone;
  /** A word before the text, set apart: the step, the tool, the command. */
  lead?: string;
  text: string;
  /** RFC 3339. */
  time: string;
  /** The raw line it comes from, counted from 1; 0 for what the cluster said. */
  line: number;
  /** Belongs to the row above it. */
  sub?: boolean;
  /** Text may still be appended to it. */
  open?: boolean;
}

/** Longer lines are cut for reading; the raw log has them whole. */
const MAX_ROW_CHARACTERS = 8192;
/** Longer outputs of a tool are cut for reading; the raw log has them whole. */
const MAX_OUTPUT_ROWS = 120;

type NewRow = Omit<Row, "key">;

/** Turns the lines of one variation into rows for reading, as they come. */
export class ReadableLog {
  readonly rows: Ring<Row>;
  private next = 0;
  private calls = new Map<string, string>();
  private patchBytes = 0;

  constructor(capacity: number) {
    this.rows = new Ring(capacity);
  }

  /** Adds what a line says. `parsed` is null for a line that is not the agent's own. */
  add(content: string, parsed: AgentLine | null, time: string, line: number): void {
    const at = { time, line };
    if (parsed === null) {
      this.push({ kind: "line", tone: "plain", text: content, ...at });
      return;
    }
    switch (parsed.type) {
      case "started":
        this.push({ kind: "status", tone: "dim", lead: "started", text: `${parsed.model} at ${parsed.base_sha.slice(0, 7)}`, ...at });
        break;
      case "status":
        this.push({ kind: "status", tone: "dim", lead: parsed.step, text: parsed.message, ...at });
        break;
      case "text":
        this.flow("text", parsed.delta, at);
        break;
      case "reasoning":
        this.flow("think", parsed.delta, at);
        break;
      case "tool_call":
        this.call(parsed, at);
        break;
      case "tool_result":
        this.output(parsed.output, parsed.ok ? "dim" : "bad", at);
        if (parsed.truncated && !parsed.more) this.push({ kind: "tool", tone: "dim", text: "… the agent was shown only this much", sub: true, ...at });
        break;
      case "usage":
        this.push({
          kind: "usage",
          tone: "dim",
          text: `${count(parsed.input_tokens)} tokens in, ${count(parsed.output_tokens)} out so far`,
          ...at,
        });
        break;
      case "check": {
        const passed = parsed.exit_code === 0;
        this.push({ kind: "check", tone: passed ? "ok" : "bad", lead: parsed.command, text: `${exitText(parsed.exit_code)}, ${parsed.seconds.toFixed(1)} s`, ...at });
        this.output(parsed.output_tail, passed ? "dim" : "bad", at, "check");
        break;
      }
      case "patch":
        this.patch(parsed, at);
        break;
      case "finished":
        this.push({ kind: "end", tone: parsed.outcome === "succeeded" ? "ok" : "bad", lead: parsed.outcome, text: parsed.summary, ...at });
        break;
      case "error":
        this.push({ kind: "error", tone: "bad", lead: parsed.code, text: parsed.message, ...at });
        break;
      case "unknown":
        this.push({ kind: "line", tone: "dim", lead: parsed.name, text: content, ...at });
        break;
    }
  }

  /** Adds what the cluster, not the agent, says. */
  note(kind: "kube" | "gap" | "error", tone: Tone, lead: string, text: string, time: string): void {
    this.push({ kind, tone, lead, text, time, line: 0 });
  }

  /** Model output: deltas join the open row, newlines begin another. */
  private flow(kind: "text" | "think", delta: string, at: { time: string; line: number }): void {
    const tone: Tone = kind === "think" ? "dim" : "plain";
    const last = this.rows.last();
    delta.split("\n").forEach((piece, index) => {
      if (index === 0 && last?.open === true && last.kind === kind && last.text.length < MAX_ROW_CHARACTERS) {
        this.rows.replaceLast({ ...last, text: cut(last.text + piece) });
      } else {
        this.push({ kind, tone, text: piece, open: true, ...at });
      }
    });
  }

  private call(parsed: AgentLine & { type: "tool_call" }, at: { time: string; line: number }): void {
    const before = this.calls.get(parsed.id) ?? "";
    const args = before + parsed.arguments;
    if (parsed.more) {
      this.calls.set(parsed.id, args);
      return;
    }
    this.calls.delete(parsed.id);
    this.push({ kind: "tool", tone: "plain", lead: parsed.name, text: callSubject(args), ...at });
  }

  private output(output: string, tone: Tone, at: { time: string; line: number }, kind: RowKind = "tool"): void {
    if (output === "") return;
    const lines = output.replace(/\n$/, "").split("\n");
    for (const text of lines.slice(0, MAX_OUTPUT_ROWS)) this.push({ kind, tone, text, sub: true, ...at });
    const hidden = lines.length - MAX_OUTPUT_ROWS;
    if (hidden > 0) this.push({ kind, tone: "dim", text: `… ${plural(hidden, "more line")} in the raw log`, sub: true, ...at });
  }

  private patch(parsed: AgentLine & { type: "patch" }, at: { time: string; line: number }): void {
    if (parsed.part <= 1) this.patchBytes = 0;
    this.patchBytes += parsed.data.length;
    if (!parsed.last) return;
    const size = `${plural(parsed.files ?? 0, "file")}, +${count(parsed.additions ?? 0)} −${count(parsed.deletions ?? 0)}`;
    this.push({ kind: "patch", tone: "ok", lead: "patch", text: `${size}, ${plural(this.patchBytes, "character")} in ${plural(parsed.part, "part")}`, ...at });
  }

  private push(row: NewRow): void {
    this.rows.push({ key: this.next, ...row, text: cut(row.text) });
    this.next += 1;
  }
}

function cut(text: string): string {
  return text.length <= MAX_ROW_CHARACTERS ? text : `${text.slice(0, MAX_ROW_CHARACTERS)}… (cut here, the raw log has the whole line)`;
}
