import { parseAgentLine } from "./agent-line";
import { paths } from "./api";
import { ReadableLog, type Row } from "./readable";
import type { Rows } from "./ring";
import type { RawLine } from "./run-store";

/** Read back at a time, bytes. */
const CHUNK = 256 << 10;
/** Read back in all, bytes: a page is no archive. */
export const MOST_EARLIER = 16 << 20;

/** Where in a log the rows begin that are held: a row's number, its line, and where that line is in the stored log. */
export interface Seam {
  number: number;
  line: number;
  offset: number;
}

/** The first row that begins a line: what stands before it may have lost its head. Null where nothing is missing before it. */
export function seamOf(rows: Rows<Row | RawLine>): Seam | null {
  if (rows.first === 0) return null;
  const oldest = rows.get(rows.first)?.line;
  for (let number = rows.first; number < rows.end; number += 1) {
    const row = rows.get(number);
    // What the cluster said is in no line.
    if (row === undefined || row.line === 0 || (row.line === oldest && !isWhole(row))) continue;
    return row.line === 1 ? null : { number, line: row.line, offset: row.offset };
  }
  return null;
}

/** Whether nothing of its line can stand in rows before it. */
const isWhole = (row: Row | RawLine): boolean => !("key" in row) || (row.sub !== true && row.kind !== "text" && row.kind !== "think");

/** Lines that a page no longer holds: all from `lines[0]` to where `seam` is. */
export interface Earlier {
  seam: Seam;
  lines: readonly RawLine[];
}

/** What has been read of a body so far is enough after `size` bytes: the rest is not waited for. */
async function head(response: Response, size: number, stop: () => void): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  const reader = response.body?.getReader();
  let length = 0;
  while (reader !== undefined && length < size) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value.subarray(0, size - length), length);
    length += value.length;
  }
  stop();
  if (length < size) throw new Error("The stored log is shorter than it was. Load the page again.");
  return bytes;
}

/** Reads the lines before `line`, which begins at `offset` of the stored log, as many as fit into a chunk. */
export async function readEarlier(runId: string, variation: number, attempt: number, { line, offset }: Pick<Seam, "line" | "offset">): Promise<RawLine[]> {
  for (let size = CHUNK; ; size *= 4) {
    const start = Math.max(0, offset - size);
    const aborted = new AbortController();
    const response = await fetch(paths.storedLog(runId, variation, attempt), { headers: { Range: `bytes=${start}-` }, signal: aborted.signal });
    if (response.status !== 206) throw new Error(`The server answered ${response.status} when it was asked for earlier lines.`);
    const lines = parseStored(await head(response, offset - start, () => aborted.abort()), start, line);
    // A line may be longer than a chunk.
    if (lines.length > 0 || start === 0) return lines;
  }
}

const NEWLINE = 10;

/** Lines as the server stores them, `TIME TEXT`; the one after them has the number `before`. */
export function parseStored(bytes: Uint8Array, start: number, before: number): RawLine[] {
  const decoder = new TextDecoder();
  const lines: Omit<RawLine, "line">[] = [];
  // Where it begins in the middle of the log, it mostly begins in the middle of a line.
  let from = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
  if (start > 0 && from === 0) return [];
  for (let end = bytes.indexOf(NEWLINE, from); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
    const text = decoder.decode(bytes.subarray(from, end));
    const space = text.indexOf(" ");
    lines.push({ time: text.slice(0, space), content: text.slice(space + 1), offset: start + from });
    from = end + 1;
  }
  return lines.map((line, index) => ({ ...line, line: before - lines.length + index }));
}

/** `rows` with those before them; when more of `rows` has been dropped since, there would be a hole, and they are as before. */
export function joined<T>(earlier: readonly T[], number: number, rows: Rows<T>): Rows<T> {
  const begins = number - earlier.length;
  return {
    get first() {
      return rows.first <= number ? begins : rows.first;
    },
    get end() {
      return rows.end;
    },
    get: (at) => (at >= number ? rows.get(at) : rows.first <= number ? earlier[at - begins] : undefined),
  };
}

/** Earlier lines as rows for reading, which end before the row with that number. */
export function readableRows(lines: readonly RawLine[], number: number): Row[] {
  const log = new ReadableLog(Number.MAX_SAFE_INTEGER);
  for (const { content, time, line, offset } of lines) log.add(content, parseAgentLine(content), time, line, offset);
  // What the cluster said is not in the log, so there are never more rows than there were.
  const rows = log.rows.tail(Math.min(log.rows.end, number));
  const shift = number - log.rows.end;
  return rows.map((row) => ({ ...row, key: row.key + shift, ...(row.head === undefined ? {} : { head: row.head + shift }) }));
}
