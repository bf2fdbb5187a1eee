import { parseAgentLine } from "./agent-line";
import { ReadableLog } from "./readable";
import { Ring } from "./ring";
import { initialState, reduce, type RunState } from "./run-state";
import type { Connection, EventSink } from "./sse";
import type { Run, StreamEvent } from "./types";

/** A line exactly as `kubectl logs` prints it. */
export interface RawLine {
  /** Counted from 1. */
  line: number;
  content: string;
  time: string;
}

/** The logs of one variation; the arrays change in place, `RunStore.subscribe` says when. */
export interface VariationLog {
  raw: Ring<RawLine>;
  readable: ReadableLog;
}

/** Newest lines kept in memory per variation; the API has them all. */
export const KEPT_LINES = 20_000;
/** Readers are told at most this often: writing is per event, drawing is not. */
const NOTIFY_MS = 50;

/** Everything the page knows of a run: written synchronously by the stream, read when told. */
export class RunStore implements EventSink {
  private current: RunState;
  private link: Connection = { state: "connecting" };
  private lastId: string | null = null;
  private readonly logs = new Map<number, VariationLog>();
  /** The beginning of a line that comes in parts. */
  private readonly partial = new Map<number, string>();
  private readonly listeners = new Set<() => void>();
  private scheduled = false;
  private notifiedAt = 0;
  private changes = 0;

  constructor(run: Run) {
    this.current = initialState(run);
    for (const variation of this.current.variations) {
      this.logs.set(variation.id, { raw: new Ring(KEPT_LINES), readable: new ReadableLog(KEPT_LINES) });
    }
  }

  get state(): RunState {
    return this.current;
  }

  get connection(): Connection {
    return this.link;
  }

  /** Grows with every notification: what `useSyncExternalStore` compares. */
  get version(): number {
    return this.changes;
  }

  log(variation: number): VariationLog | undefined {
    return this.logs.get(variation);
  }

  get lastEventId(): string | null {
    return this.lastId;
  }

  onConnection(connection: Connection): void {
    this.link = connection;
    this.schedule();
  }

  /** Takes in one event of the stream. */
  onEvent(event: StreamEvent, id: string | null): void {
    if (id !== null && id !== "") this.lastId = id;
    if (event.type === "agent_output") {
      this.applyOutput(event);
    } else {
      this.current = reduce(this.current, event);
      if (event.type !== "heartbeat" && event.type !== "run_complete") this.note(event);
    }
    this.schedule();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private applyOutput(event: StreamEvent & { type: "agent_output" }): void {
    const id = event.variation_id;
    const log = this.logs.get(id);
    if (log === undefined) return;
    const content = (this.partial.get(id) ?? "") + (event.content ?? decode(event.content_base64 ?? ""));
    if (event.partial === true) {
      this.partial.set(id, content);
      return;
    }
    this.partial.delete(id);
    const parsed = parseAgentLine(content);
    this.current = reduce(this.current, event, parsed);
    const line = log.raw.length + log.raw.dropped + 1;
    log.raw.push({ line, content, time: event.timestamp });
    log.readable.add(content, parsed, event.timestamp, line);
  }

  /** What the cluster says goes into the readable log, where it happened. */
  private note(event: Exclude<StreamEvent, { type: "heartbeat" | "run_complete" | "agent_output" }>): void {
    const readable = this.logs.get(event.variation_id)?.readable;
    if (readable === undefined) return;
    switch (event.type) {
      case "agent_status":
        readable.note("kube", event.reason ? "warn" : "dim", event.reason ?? event.status, event.message ?? "", event.timestamp);
        break;
      case "agent_error":
        readable.note("error", "bad", event.reason ?? "error", event.error, event.timestamp);
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

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden tab gets no frames; its log is written all the same, and drawn when it is shown.
    requestAnimationFrame((now) => {
      const early = NOTIFY_MS - (now - this.notifiedAt);
      if (early > 0) setTimeout(() => this.notify(), early);
      else this.notify();
    });
  }

  private notify(): void {
    this.scheduled = false;
    this.notifiedAt = performance.now();
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }
}

/** Bytes that are not UTF-8, with U+FFFD where they are not. */
function decode(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
