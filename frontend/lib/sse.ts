import { createParser } from "eventsource-parser";
import type { StreamEvent } from "./types";

/** How the connection stands. */
export type Connection =
  | { state: "connecting" }
  | { state: "open" }
  /** Lost; tried again at `at` (ms since the epoch). */
  | { state: "waiting"; at: number }
  /** The server has sent everything. */
  | { state: "ended" }
  /** Not to be tried again. */
  | { state: "refused"; status: number; message: string };

/** Who takes the events in. */
export interface EventSink {
  /** Id of the last event it has, to go on from; null before the first. */
  readonly lastEventId: string | null;
  onEvent: (event: StreamEvent, id: string | null) => void;
  onConnection: (connection: Connection) => void;
}

/** Without a byte for this long the connection is dead: the server's heartbeat is every 10 s. */
const IDLE_MS = 35_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** One event is at most 64 KiB of line, six times that as JSON. */
const MAX_EVENT_BYTES = 1 << 20;

/** As long as this a stream is read without a pause. */
const SLICE_MS = 12;

/** Lets everything else have its turn. Not by a timer: those come once a second in a tab that is not seen. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

const EVENT_TYPES: ReadonlySet<string> = new Set<StreamEvent["type"]>([
  "heartbeat",
  "agent_output",
  "agent_status",
  "agent_error",
  "agent_complete",
  "agent_retry",
  "log_gap",
  "run_complete",
]);

/** One event from its name and data; null for a name of a later version. */
export function parseEvent(name: string | undefined, data: string): StreamEvent | null {
  if (name === undefined || !EVENT_TYPES.has(name)) return null;
  return { ...(JSON.parse(data) as object), type: name } as StreamEvent;
}

/** Full jitter: a random time up to a bound that doubles with each failure. */
export function backoff(failures: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures));
}

/** Seconds or a date of a `Retry-After` header, as milliseconds from now. */
export function retryAfter(header: string | null, now: number = Date.now()): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isNaN(milliseconds) ? null : Math.max(0, milliseconds);
}

/**
 * Follows a run's events until they end, through every loss of connection.
 *
 * Each reconnect says the id of the last event it has, so that none is missed and none comes twice.
 * Returns the function that stops it.
 */
export function followRun(url: string, sink: EventSink): () => void {
  const stop = new AbortController();
  // Set while waiting: ends the wait at once.
  let wake: (() => void) | null = null;
  const hurry = () => wake?.();
  const visible = () => {
    if (document.visibilityState === "visible") hurry();
  };
  window.addEventListener("online", hurry);
  document.addEventListener("visibilitychange", visible);
  stop.signal.addEventListener("abort", () => {
    window.removeEventListener("online", hurry);
    document.removeEventListener("visibilitychange", visible);
    hurry();
  });

  const wait = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).finally(() => {
      wake = null;
    });

  void (async () => {
    let failures = 0;
    while (!stop.signal.aborted) {
      sink.onConnection({ state: "connecting" });
      const outcome = await connect(url, sink.lastEventId, stop.signal, {
        onOpen: () => sink.onConnection({ state: "open" }),
        onEvent: (event, id) => {
          failures = 0;
          sink.onEvent(event, id);
        },
      });
      if (stop.signal.aborted) return;
      if (outcome.kind !== "lost") {
        sink.onConnection(outcome.kind === "ended" ? { state: "ended" } : { state: "refused", status: outcome.status, message: outcome.message });
        return;
      }
      const delay = outcome.retryAfter ?? backoff(failures);
      failures += 1;
      sink.onConnection({ state: "waiting", at: Date.now() + delay });
      await wait(delay);
    }
  })();

  return () => stop.abort();
}

type Outcome = { kind: "ended" } | { kind: "refused"; status: number; message: string } | { kind: "lost"; retryAfter: number | null };

interface ConnectHandlers {
  onOpen: () => void;
  onEvent: (event: StreamEvent, id: string | null) => void;
}

/** One connection, from its request to its end. */
async function connect(url: string, lastEventId: string | null, stop: AbortSignal, handlers: ConnectHandlers): Promise<Outcome> {
  const idle = new AbortController();
  let timer = setTimeout(() => idle.abort(), IDLE_MS);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => idle.abort(), IDLE_MS);
  };
  let ended = false;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_BYTES,
    // Cannot be from our server: begin again from the last event that was whole.
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") idle.abort();
    },
    onEvent: (message) => {
      // What was parsed after the end of this connection was wanted comes again with the next one.
      if (stop.aborted) return;
      const event = parseEvent(message.event, message.data);
      if (event === null) return;
      // An end is taken back where a variation is tried again.
      if (event.type !== "heartbeat") ended = event.type === "run_complete";
      handlers.onEvent(event, message.id ?? null);
    },
  });
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream", ...(lastEventId === null ? {} : { "Last-Event-ID": lastEventId }) },
      cache: "no-store",
      signal: AbortSignal.any([stop, idle.signal]),
    });
    if (response.status === 204) return { kind: "ended" };
    if (!response.ok || response.body === null) return await refusal(response);
    handlers.onOpen();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let since = performance.now();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      alive();
      parser.feed(value);
      // A stream that is read as fast as it comes would leave no time for drawing or for answering.
      if (performance.now() - since > SLICE_MS) {
        await breathe();
        since = performance.now();
      }
    }
    return ended ? { kind: "ended" } : { kind: "lost", retryAfter: null };
  } catch {
    // A broken or idle connection: its cause does not change what to do.
    return ended ? { kind: "ended" } : { kind: "lost", retryAfter: null };
  } finally {
    clearTimeout(timer);
  }
}

async function refusal(response: Response): Promise<Outcome> {
  const { status } = response;
  if (status === 429 || status >= 500) return { kind: "lost", retryAfter: retryAfter(response.headers.get("Retry-After")) };
  const problem = (await response.json().catch(() => null)) as { detail?: unknown } | null;
  const detail = typeof problem?.detail === "string" ? problem.detail : `The server answered ${status}.`;
  return { kind: "refused", status, message: detail };
}
