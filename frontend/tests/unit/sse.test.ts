import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoff, followRun, parseEvent, retryAfter, type Connection, type EventSink } from "@/lib/sse";
import type { StreamEvent } from "@/lib/types";

let server: Server | null = null;

beforeEach(() => {
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  // No waiting between attempts.
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Answers the n-th request with the n-th handler. */
async function serve(...answers: ((request: IncomingMessage, response: ServerResponse) => void)[]): Promise<{ url: string; ids: (string | undefined)[] }> {
  const ids: (string | undefined)[] = [];
  const made = createServer((request, response) => {
    const id = request.headers["last-event-id"];
    ids.push(Array.isArray(id) ? id[0] : id);
    (answers.shift() ?? ((_, last) => last.writeHead(500).end()))(request, response);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}/`, ids };
}

const line = (id: number) => `id: p${id}\nevent: agent_output\ndata: {"variation_id":0,"content":"${id}","timestamp":""}\n\n`;
const END = 'id: end\nevent: run_complete\ndata: {"status":"completed","timestamp":""}\n\n';
const stream = (response: ServerResponse) => response.writeHead(200, { "Content-Type": "text/event-stream" });

/** Follows until the connection has come to a final state. */
function follow(url: string): Promise<{ contents: string[]; states: string[]; last: Connection }> {
  return new Promise((resolve) => {
    const contents: string[] = [];
    const states: string[] = [];
    const sink = {
      lastEventId: null as string | null,
      onEvent(event: StreamEvent, id: string | null) {
        this.lastEventId = id ?? this.lastEventId;
        if (event.type === "agent_output") contents.push(event.content ?? "");
      },
      onConnection(connection: Connection) {
        states.push(connection.state);
        if (connection.state === "ended" || connection.state === "refused") resolve({ contents, states, last: connection });
      },
    };
    followRun(url, sink satisfies EventSink);
  });
}

test("a cut stream goes on after its last whole event, none lost and none twice", async () => {
  const { url, ids } = await serve(
    (_, response) => {
      stream(response).write(line(1) + line(2) + line(3).slice(0, 30), () => response.destroy());
    },
    (_, response) => void response.writeHead(503, { "Retry-After": "0" }).end(),
    (_, response) => void stream(response).end(line(3)),
    (_, response) => void stream(response).end(line(4) + END),
  );
  const { contents, states } = await follow(url);
  expect(contents).toEqual(["1", "2", "3", "4"]);
  expect(ids).toEqual([undefined, "p2", "p2", "p3"]);
  expect(states.filter((state) => state === "open")).toHaveLength(3);
});

test("204 is the end, a 404 is told in the server's words", async () => {
  const { url } = await serve((_, response) => void response.writeHead(204).end());
  expect((await follow(url)).last).toEqual({ state: "ended" });
  const gone = await serve((_, response) => void response.writeHead(404).end('{"detail":"There is no such run."}'));
  expect((await follow(gone.url)).last).toEqual({ state: "refused", status: 404, message: "There is no such run." });
});

test("events of later versions are passed over", () => {
  expect(parseEvent("agent_dance", "{}")).toBeNull();
  expect(parseEvent(undefined, "{}")).toBeNull();
  expect(parseEvent("heartbeat", '{"type":"run_complete"}')).toEqual({ type: "heartbeat" });
});

test("waits grow to a bound, and Retry-After is obeyed", () => {
  expect([0, 1, 2, 20].map((failures) => backoff(failures, () => 1))).toEqual([500, 1000, 2000, 15_000]);
  expect(retryAfter("7")).toBe(7000);
  expect(retryAfter("Fri, 02 Jan 2026 00:00:10 GMT", Date.parse("2026-01-02T00:00:00Z"))).toBe(10_000);
  expect([retryAfter(null), retryAfter("soon")]).toEqual([null, null]);
});
