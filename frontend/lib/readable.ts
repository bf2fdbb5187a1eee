import { callSubject, type AgentLine } from "./agent-line";
import { count, exitText, plural } from "./format";
import { Ring } from "./ring";

export type RowKind = "kube" | "status" | "text" | "think" | "tool" | "usage" | "check" | "patch" | "end" | "error" | "gap" | "line";
export type Tone = "plain" | "ok" | "warn" | "bad" | "dim";

/** One row of the readable log. */
export interface Row {
  /** Its number among the variation's rows: stable and unique. */
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
  /** Where that line begins in the stored log, bytes. */
  offset: number;
  /** Said after the text, quieter: how a call ended. */
  aside?: string;
  /** Belongs to the row with the key `head`, which stands above it. */
  sub?: boolean;
  head?: number;
  /** What belongs to this row is shown only on demand. */
  fold?: boolean;
  /** Text may still be appended to it. */
  open?: boolean;
}

/** Longer lines are cut for reading; the raw log has them whole. */
const MAX_ROW_CHARACTERS = 8192;
/** Longer outputs of a tool are cut for reading; the raw log has them whole. */
const MAX_OUTPUT_ROWS = 120;
/** More calls at a time than any agent makes. */
const MAX_CALLS = 64;
const MAX_ARGUMENTS = 1 << 16;
/** Tools whose output is the repository: of use to the model, seldom to people. */
const FOLDED = new Set(["read", "list", "search"]);
/** How the `run` tool ends its output. */
const EXIT = /\n?\[(exit code \d+|killed[^\]]*|timed out[^\]]*) after ([\d.]+ ?\w+)[^\]]*\]\s*$/;

type NewRow = Omit<Row, "key">;
type Place = Pick<Row, "time" | "line" | "offset">;

/** Turns the lines of one variation into rows for reading, as they come. */
export class ReadableLog {
  readonly rows: Ring<Row>;
  /** Arguments of calls, and outputs, of which more is to come, by id. */
  private readonly calls = new Map<string, string>();
  private readonly heads = new Map<string, number>();
  private patchBytes = 0;

  constructor(capacity: number, budget = Infinity) {
    this.rows = new Ring(capacity, budget, (row) => row.text.length);
  }

  /** Adds what a line says. `parsed` is null for a line that is not the agent's own. */
  add(content: string, parsed: AgentLine | null, time: string, line: number, offset = 0): void {
    const at = { time, line, offset };
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
        this.result(parsed, at);
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
        const aside = `${exitText(parsed.exit_code)}, ${parsed.seconds.toFixed(1)} s`;
        const head = this.push({ kind: "check", tone: passed ? "ok" : "bad", lead: parsed.command, text: "", aside, ...at });
        this.output(parsed.output_tail, head, at, "check");
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
    this.push({ kind, tone, lead, text, time, line: 0, offset: 0 });
  }

  /** Model output: deltas join the open row, newlines begin another. */
  private flow(kind: "text" | "think", delta: string, at: Place): void {
    const tone: Tone = kind === "think" ? "dim" : "plain";
    const pieces = delta.split("\n");
    pieces.forEach((piece, index) => {
      const before = this.rows.last();
      const goesOn = before?.open === true && before.kind === kind;
      if (index === 0 && goesOn && before.text.length < MAX_ROW_CHARACTERS) {
        this.rows.set(before.key, { ...before, text: cut(before.text + piece) });
      } else if (index > 0 && piece === "" && index === pieces.length - 1 && goesOn) {
        // The line is complete; what follows it is not there yet.
        this.rows.set(before.key, { ...before, open: false });
      } else {
        this.push({ kind, tone, text: piece, open: true, ...at });
      }
    });
  }

  private call(parsed: AgentLine & { type: "tool_call" }, at: Place): void {
    const before = this.calls.get(parsed.id) ?? "";
    const args = before + parsed.arguments;
    if (parsed.more) {
      if (this.calls.size >= MAX_CALLS) this.calls.clear();
      this.calls.set(parsed.id, args.slice(0, MAX_ARGUMENTS));
      return;
    }
    this.calls.delete(parsed.id);
    const head = this.push({ kind: "tool", tone: "plain", lead: parsed.name, text: callSubject(args), fold: FOLDED.has(parsed.name), ...at });
    if (this.heads.size >= MAX_CALLS) this.heads.clear();
    this.heads.set(parsed.id, head);
  }

  /** What a tool said goes below its call; how it ended, into the call's row. */
  private result(parsed: AgentLine & { type: "tool_result" }, at: Place): void {
    const head = this.heads.get(parsed.id);
    const exit = EXIT.exec(parsed.output);
    this.output(exit === null ? parsed.output : parsed.output.slice(0, exit.index), head, at);
    if (parsed.more) return;
    this.heads.delete(parsed.id);
    const call = head === undefined ? undefined : this.rows.get(head);
    if (head !== undefined && call !== undefined) {
      const ended = exit === null ? (parsed.ok ? "" : "failed") : `${exit[1] ?? ""}, ${exit[2] ?? ""}`;
      this.rows.set(head, { ...call, tone: parsed.ok ? "plain" : "bad", aside: ended, fold: call.fold === true && parsed.ok });
    }
    if (parsed.truncated) this.push({ kind: "tool", tone: "dim", text: "… the agent was shown only this much", sub: true, ...below(head), ...at });
  }

  private output(output: string, head: number | undefined, at: Place, kind: RowKind = "tool"): void {
    if (output === "") return;
    const lines = output.replace(/\n$/, "").split("\n");
    for (const text of lines.slice(0, MAX_OUTPUT_ROWS)) this.push({ kind, tone: "plain", text, sub: true, ...below(head), ...at });
    const hidden = lines.length - MAX_OUTPUT_ROWS;
    if (hidden > 0) this.push({ kind, tone: "dim", text: `… ${plural(hidden, "more line")} in the raw log`, sub: true, ...below(head), ...at });
  }

  private patch(parsed: AgentLine & { type: "patch" }, at: Place): void {
    if (parsed.part <= 1) this.patchBytes = 0;
    this.patchBytes += parsed.data.length;
    if (!parsed.last) return;
    const size = `${plural(parsed.files ?? 0, "file")}, +${count(parsed.additions ?? 0)} −${count(parsed.deletions ?? 0)}`;
    this.push({ kind: "patch", tone: "ok", lead: "patch", text: `${size}, ${plural(this.patchBytes, "character")} in ${plural(parsed.part, "part")}`, ...at });
  }

  /** Adds a row; its key is its number in the ring. */
  private push(row: NewRow): number {
    const key = this.rows.end;
    this.rows.push({ key, ...row, text: cut(row.text) });
    return key;
  }
}

const below = (head: number | undefined): Pick<Row, "head"> => (head === undefined ? {} : { head });

function cut(text: string): string {
  return text.length <= MAX_ROW_CHARACTERS ? text : `${text.slice(0, MAX_ROW_CHARACTERS)}… (cut here, the raw log has the whole line)`;
}
