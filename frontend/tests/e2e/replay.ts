import { createHash } from "node:crypto";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Run, Variation, VariationStatus } from "../../lib/types";

type Fields = Record<string, unknown>;

/** Written to a client that takes no more, at most; then it waits until the client has read. */
const AT_ONCE = 512;

/**
 * A server that plays a run's stream from a script, in the real wire format, in front of the real page.
 *
 * Everything that is not the API comes from the server under test, with its headers. It is for what a cluster does not do on
 * demand: states that pass quickly, and more lines than two cores of agents print.
 */
export class Replay {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly streams = new Set<() => void>();
  private readonly frames: string[] = [];
  private readonly logs: { lines: number; bytes: number; seq: number; hash: ReturnType<typeof createHash>; stored: string[]; size: number }[];
  private over = false;
  /** Sessions are refused from now on. */
  signedOut = false;
  readonly patches = new Map<number, string>();
  /** Streams are refused: the server is away. */
  away = false;
  /** What the rest of the API answers, by path, with its query where it has one. */
  readonly answers = new Map<string, unknown>();
  /** Ids that clients came back with. */
  readonly resumed: string[] = [];

  private constructor(
    page: URL,
    readonly run: Run,
  ) {
    this.logs = run.variations.map(() => ({ lines: 0, bytes: 0, seq: 0, hash: createHash("sha256"), stored: [], size: 0 }));
    this.server = createServer((incoming, response) => {
      const { pathname } = new URL(incoming.url ?? "/", "http://replay");
      if (pathname.startsWith("/api/")) this.api(pathname, incoming, response);
      else forward(page, incoming, response);
    });
    this.server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  static async start(page: string, run: Run): Promise<Replay> {
    const replay = new Replay(new URL(page), run);
    await new Promise<void>((resolve) => replay.server.listen(0, "127.0.0.1", resolve));
    return replay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get lines(): number {
    return this.logs.reduce((sum, log) => sum + log.lines, 0);
  }

  get events(): number {
    return this.frames.length;
  }

  /** Adds an event and sends it. */
  emit(event: string, data: Fields): void {
    this.add(event, data);
    this.wake();
  }

  status(variation: number, status: VariationStatus, why: Fields = {}, timestamp = now()): void {
    this.emit("agent_status", { variation_id: variation, status, ...why, timestamp });
  }

  /** Adds a line as the agent prints it; `flush` sends what was added. */
  say(variation: number, body: Fields, timestamp = now()): this {
    const log = this.log(variation);
    log.seq += 1;
    return this.line(variation, JSON.stringify({ v: 1, seq: log.seq, ts: timestamp, ...body }), timestamp);
  }

  /** Adds a line of another program, in parts where it is long, as the server sends it. */
  line(variation: number, content: string, timestamp = now()): this {
    const log = this.log(variation);
    log.lines += 1;
    log.bytes += Buffer.byteLength(content) + 1;
    log.hash.update(content).update("\n");
    const part = 1 << 16;
    for (let from = 0; from === 0 || from < content.length; from += part) {
      const partial = from + part < content.length ? { partial: true } : {};
      this.add("agent_output", { variation_id: variation, content: content.slice(from, from + part), ...partial, timestamp, offset: log.size });
    }
    const stored = `${timestamp} ${content}\n`;
    log.stored.push(stored);
    log.size += Buffer.byteLength(stored);
    return this;
  }

  /** Leaves out lines that the agent has numbered. */
  skip(variation: number, lines: number): void {
    this.log(variation).seq += lines;
  }

  /** Ends a variation, with the figures of its log. */
  complete(variation: number, status: VariationStatus, more: Fields = {}, timestamp = now()): void {
    const { lines, bytes, hash } = this.log(variation);
    const sha256 = hash.copy().digest("hex");
    this.emit("agent_complete", { variation_id: variation, status, exit_code: status === "succeeded" ? 0 : 1, lines, bytes, sha256, ...more, timestamp });
  }

  end(status: Run["status"] = "completed"): void {
    this.over = true;
    this.run.status = status;
    this.emit("run_complete", { status, timestamp: now() });
  }

  flush(): void {
    this.wake();
  }

  /** Breaks every connection off. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private log(variation: number) {
    const log = this.logs[variation];
    if (log === undefined) throw new Error(`no variation ${variation}`);
    return log;
  }

  private add(event: string, data: Fields): void {
    this.frames.push(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  private wake(): void {
    for (const stream of this.streams) stream();
  }

  private api(path: string, incoming: IncomingMessage, response: ServerResponse): void {
    const json = (status: number, body: unknown) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    if (this.signedOut) return void json(401, { title: "Unauthorized", status: 401, detail: "Sign in.", code: "unauthorized" });
    const answer = this.answers.get(incoming.url ?? "") ?? this.answers.get(path);
    if (typeof answer === "string") return void response.writeHead(200, { "Content-Type": "text/plain" }).end(answer);
    if (answer !== undefined) return void json(200, answer);
    const run = `/api/v1/runs/${this.run.run_id}`;
    if (path === "/api/v1/auth/me") return void json(200, { user_id: "user_replay", email: "replay@example.com", created_at: now() });
    if (path === run) return void json(200, this.run);
    if (this.away) return void response.destroy();
    if (path === `${run}/stream`) return this.stream(incoming, response);
    const log = this.logs[Number(/\/variations\/(\d+)\/logs$/.exec(path)?.[1])];
    if (log !== undefined) return this.stored(log.stored, incoming, response);
    const patch = this.patches.get(Number(/\/variations\/(\d+)\/patch$/.exec(path)?.[1]));
    if (patch !== undefined) return void response.writeHead(200, { "Content-Type": "text/x-diff" }).end(patch);
    json(404, { title: "Not Found", status: 404, detail: "The script has no answer to this.", code: "not_found" });
  }

  /** A log as it is stored, from the byte on that is asked for. */
  private stored(lines: readonly string[], incoming: IncomingMessage, response: ServerResponse): void {
    const bytes = Buffer.from(lines.join(""));
    const start = Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(206, { "Content-Type": "text/plain", "Content-Range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }).end(bytes.subarray(start));
  }

  private stream(incoming: IncomingMessage, response: ServerResponse): void {
    const last = incoming.headers["last-event-id"];
    let next = 0;
    if (typeof last === "string") {
      this.resumed.push(last);
      next = Number(last) + 1;
    }
    if (this.over && next >= this.frames.length) return void response.writeHead(204).end();
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform" });
    response.write(`retry: 3000\n\nevent: heartbeat\ndata: ${JSON.stringify({ run_id: this.run.run_id, timestamp: now() })}\n\n`);
    let waiting = false;
    const send = () => {
      while (!waiting && next < this.frames.length) {
        const upTo = Math.min(next + AT_ONCE, this.frames.length);
        const chunk: string[] = [];
        for (; next < upTo; next += 1) chunk.push(`id: ${next}\n${this.frames[next] ?? ""}`);
        waiting = !response.write(chunk.join(""));
      }
      if (this.over && next >= this.frames.length) response.end();
    };
    response.on("drain", () => {
      waiting = false;
      send();
    });
    response.on("close", () => this.streams.delete(send));
    this.streams.add(send);
    send();
  }
}

export const now = () => new Date().toISOString();

/** Hands a request on to the server under test. */
function forward(page: URL, incoming: IncomingMessage, response: ServerResponse): void {
  const onward = request(new URL(incoming.url ?? "/", page), { method: incoming.method, headers: { ...incoming.headers, host: page.host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  incoming.pipe(onward);
}

const MODELS = ["scripted-small", "scripted-large", "openai/gpt-4o-mini", "claude-sonnet-4", "deepseek-chat"];

/** A run that has been accepted, and nothing more. */
export function newRun(variations: number, more: Partial<Run> = {}): Run {
  const run_id = `run-${"0198a7c41e5b7d2084c1f0a9b6d3e755"}`;
  return {
    run_id,
    status: "pending",
    github_url: "https://github.com/demo/parse-duration",
    ref: "main",
    base_sha: "3f9c2e15b7d2084c1f0a9b6d3e7550198a7c41e5",
    prompt: "Make the failing tests pass: what is not a duration must be an error, and a value that does not fit must be an error, not a panic.",
    namespace: "aideator",
    created_at: now(),
    winning_variation_id: null,
    checks: [],
    limits: {},
    uses: { git_credential: false, provider_key: false },
    checks_before: false,
    earlier_attempts: [],
    variations: Array.from({ length: variations }, (_, id): Variation => ({
      variation_id: id,
      attempt: 0,
      job_name: `agent-${run_id}-${id}`,
      status: "queued",
      engine: "builtin",
      cancel_requested: false,
      timings: {},
      checks: [],
      model: MODELS[id] ?? null,
      temperature: [0.3, 0.7, 0.9, 0.5, 0.1][id] ?? null,
    })),
    ...more,
  };
}
