import { parseAgentLine } from "./agent-line";
import { plural } from "./format";
import { ReadableLog, type Row } from "./readable";
import { Ring, type Rows } from "./ring";
import { LogHash, type Received } from "./run-hash";
import { Pace } from "./run-pace";
import { initialState, missingBefore, reduce, refresh, type RunState } from "./run-state";
import type { Connection, EventSink } from "./sse";
import type { Run, StreamEvent } from "./types";

/** A line exactly as `kubectl logs` prints it. */
export interface RawLine {
  /** Counted from 1. */
  line: number;
  content: string;
  time: string;
  /** Where it begins in the stored log, bytes; the server says so. */
  offset: number;
}

/** The logs of one variation; they grow in place, `RunStore.subscribe` says when. */
export interface VariationLog {
  raw: Rows<RawLine>;
  readable: Rows<Row>;
  /** When something last arrived, ms since the epoch; 0 before the first line. */
  heardAt: number;
}

/** What came after a lost connection was back that had been printed while it was lost. */
export interface Recovery {
  lines: number;
  /** When the connection was back, ms since the epoch. */
  at: number;
}

interface Written {
  raw: Ring<RawLine>;
  readable: ReadableLog;
  hash: LogHash;
  heardAt: number;
}

/** Newest lines kept in memory per variation, and their characters; the API has them all. */
export const KEPT_LINES = 20_000;
const KEPT_CHARACTERS = 12 << 20;
/** Of a longer line only the beginning is kept; the agent's own are at most 8 KiB. */
const MAX_LINE = 1 << 16;

/** Everything the page knows of a run: written synchronously by the stream, read when told. */
export class RunStore implements EventSink {
  private current: RunState;
  private link: Connection = { state: "connecting" };
  private lastId: string | null = null;
  private readonly logs = new Map<number, Written>();
  /** The beginning of a line that comes in parts. */
  private readonly partial = new Map<number, { text: string; offset: number }>();
  private readonly pace = new Pace();
  private frozen: { state: RunState; logs: Map<number, VariationLog> } | null = null;
  private lost = false;
  /** The server's time at which the connection was back, as it told it; lines before it are recovered. */
  private backAt: string | null = null;
  private recovered: Recovery | null = null;

  constructor(run: Run) {
    this.current = initialState(run);
    for (const { id } of this.current.variations) this.logs.set(id, newLog());
  }

  /** What is to be shown: while paused, what there was then. */
  get state(): RunState {
    return this.frozen?.state ?? this.current;
  }

  /** What there is now, paused or not. */
  get live(): RunState {
    return this.current;
  }

  get connection(): Connection {
    return this.link;
  }

  get recovery(): Recovery | null {
    return this.recovered;
  }

  get paused(): boolean {
    return this.frozen !== null;
  }

  get lastEventId(): string | null {
    return this.lastId;
  }

  log(variation: number): VariationLog | undefined {
    const frozen = this.frozen?.logs.get(variation);
    if (frozen !== undefined) return frozen;
    const log = this.logs.get(variation);
    return log === undefined ? undefined : { raw: log.raw, readable: log.readable.rows, heardAt: log.heardAt };
  }

  /** Freezes what is shown; what arrives is kept and counted all the same. */
  pause(): void {
    if (this.frozen !== null) return;
    const logs = new Map<number, VariationLog>();
    for (const [id, log] of this.logs) logs.set(id, { raw: log.raw.freeze(), readable: log.readable.rows.freeze(), heardAt: log.heardAt });
    this.frozen = { state: this.current, logs };
    this.pace.now();
  }

  resume(): void {
    this.frozen = null;
    this.pace.now();
  }

  /** The other of the two, as of now: who presses a key twice is faster than what is drawn. */
  togglePause(): void {
    if (this.paused) this.resume();
    else this.pause();
  }

  /** Takes over what only the API says, when it was asked again. */
  refresh(run: Run): void {
    this.current = refresh(this.current, run);
    this.pace.now();
  }

  onConnection(connection: Connection): void {
    if (connection.state === "waiting") {
      this.lost = true;
      this.recovered = null;
    }
    if (connection.state === "open" && this.lost) {
      this.lost = false;
      this.backAt = "";
      this.recovered = { lines: 0, at: Date.now() };
    }
    this.link = connection;
    this.pace.now();
  }

  /** Takes in one event of the stream. */
  onEvent(event: StreamEvent, id: string | null): void {
    if (id !== null && id !== "") this.lastId = id;
    switch (event.type) {
      case "agent_output":
        this.applyOutput(event);
        this.pace.soon();
        return;
      case "heartbeat":
        // The first one of a connection comes before everything else.
        if (this.backAt === "") this.backAt = event.timestamp ?? null;
        return;
      case "run_complete":
        this.current = reduce(this.current, event);
        break;
      case "agent_retry":
        this.current = reduce(this.current, event);
        // The log of the attempt before stays with the API; this one's begins with its line 1.
        this.logs.set(event.variation_id, newLog());
        this.partial.delete(event.variation_id);
        break;
      default:
        this.current = reduce(this.current, event, event.type === "agent_complete" ? { received: this.received(event) } : {});
        this.note(event);
    }
    this.pace.now();
  }

  /** Told for every change that is to be drawn at once, at most every 50 ms: the log that is read. */
  readonly subscribe = (listener: () => void): (() => void) => this.pace.subscribe(listener);
  /** Told of changes of state at once, of mere progress four times a second: everything else. */
  readonly subscribeFacts = (listener: () => void): (() => void) => this.pace.subscribeFacts(listener);

  /** They grow with every notification: what `useSyncExternalStore` compares. */
  get version(): number {
    return this.pace.version;
  }

  get factsVersion(): number {
    return this.pace.factsVersion;
  }

  private applyOutput(event: StreamEvent & { type: "agent_output" }): void {
    const id = event.variation_id;
    const log = this.logs.get(id);
    if (log === undefined) return;
    const bytes = event.content_base64 === undefined ? null : bytesOf(event.content_base64);
    log.hash.add(bytes ?? event.content ?? "", event.partial === true);
    log.heardAt = Date.now();
    const part = bytes === null ? (event.content ?? "") : new TextDecoder().decode(bytes);
    const before = this.partial.get(id) ?? { text: "", offset: event.offset ?? 0 };
    const { offset } = before;
    const content = before.text.length < MAX_LINE ? before.text + part : before.text;
    if (event.partial === true) {
      this.partial.set(id, { text: content, offset });
      return;
    }
    this.partial.delete(id);
    this.countRecovered(event.timestamp);
    const parsed = content.length > MAX_LINE ? null : parseAgentLine(content);
    const line = log.raw.end + 1;
    if (parsed !== null) {
      const seq = this.current.variations.find((variation) => variation.id === id)?.seq ?? 0;
      const missing = missingBefore(seq, parsed);
      if (missing > 0) log.readable.note("gap", "warn", `${plural(missing, "line")} unavailable`, `The agent's lines ${seq + 1} to ${parsed.seq - 1} never arrived.`, event.timestamp);
    }
    this.current = reduce(this.current, event, { line: parsed });
    log.raw.push({ line, content: content.length > MAX_LINE ? content.slice(0, MAX_LINE) : content, time: event.timestamp, offset });
    log.readable.add(content, parsed, event.timestamp, line, offset);
  }

  private countRecovered(timestamp: string): void {
    if (this.backAt === null || this.backAt === "" || this.recovered === null) return;
    if (Date.parse(timestamp) <= Date.parse(this.backAt)) this.recovered = { ...this.recovered, lines: this.recovered.lines + 1 };
  }

  private received(event: StreamEvent & { type: "agent_complete" }): Received | null {
    return this.logs.get(event.variation_id)?.hash.figures(event.bytes) ?? null;
  }

  /** What the cluster says goes into the readable log, where it happened. */
  private note(event: Exclude<StreamEvent, { type: "heartbeat" | "run_complete" | "agent_output" | "agent_retry" }>): void {
    const readable = this.logs.get(event.variation_id)?.readable;
    if (readable === undefined) return;
    switch (event.type) {
      case "agent_status":
        readable.note("kube", event.reason ? "warn" : "dim", event.reason ?? event.status, event.message ?? "", event.timestamp);
        break;
      case "agent_error":
        // The state before it has mostly said the same.
        if (readable.rows.last()?.text !== event.error) readable.note("error", "bad", event.reason ?? "error", event.error, event.timestamp);
        break;
      case "log_gap": {
        const what = event.certain ? "Lines are missing here" : "Lines may be missing here";
        readable.note("gap", "warn", what, event.reason, event.after_timestamp ?? "");
        break;
      }
      case "agent_complete":
        break;
    }
  }
}

const newLog = (): Written => ({
  raw: new Ring<RawLine>(KEPT_LINES, KEPT_CHARACTERS, (line) => line.content.length),
  readable: new ReadableLog(KEPT_LINES, KEPT_CHARACTERS),
  hash: new LogHash(),
  heardAt: 0,
});

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
