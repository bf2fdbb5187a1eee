import type { Row } from "./readable";
import type { Rows } from "./ring";
import type { RawLine } from "./run-store";

export type Level = "bad" | "warn" | "plain";

// As words of their own, not as parts of a path or a name.
const BAD = /(?<![\w/.-])(?:error|errors|fatal|panic|panicked|failed|failure|fail|exception|traceback|denied|refused|killed)(?![\w/-]|\.\w)/i;
const WARN = /(?<![\w/.-])warn(?:ing|ings)?(?![\w/-]|\.\w)/i;
/** Where programs say that nothing was wrong. */
const NONE = /\b(?:0|no) (?:error|errors|failed|failures|warnings?)\b/gi;

/** How bad a text sounds. It is a guess, and only ever used to find lines, never to judge a result. */
export function levelOfText(text: string): Level {
  const rest = text.replace(NONE, "");
  return BAD.test(rest) ? "bad" : WARN.test(rest) ? "warn" : "plain";
}

/** A row's own tone where it has one that matters, else what its text sounds like. */
export function levelOf(row: Row | RawLine): Level {
  if (!("key" in row)) return levelOfText(row.content);
  if (row.tone === "bad" || row.tone === "warn") return row.tone;
  // A model's prose may speak of errors all day.
  return row.sub === true || row.kind === "line" ? levelOfText(row.text) : "plain";
}

export const textOf = (row: Row | RawLine): string => ("key" in row ? `${row.lead ?? ""} ${row.text}` : row.content);

/** The numbers of the rows that a test lets through, kept as rows come and go. Each row is tested once. */
export class LogFilter<T> {
  private readonly numbers: number[] = [];
  /** Entries of `numbers` before this one are of rows that are no longer held. */
  private start = 0;
  private scanned = 0;

  constructor(
    private readonly rows: Rows<T>,
    private readonly test: (row: T) => boolean,
  ) {}

  get length(): number {
    return this.numbers.length - this.start;
  }

  /** Number of the row at `index`. */
  at(index: number): number | undefined {
    return this.numbers[this.start + index];
  }

  /** Index of the first row whose number is not below `number`. */
  indexOf(number: number): number {
    let low = this.start;
    let high = this.numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.numbers[middle] ?? Infinity) < number) low = middle + 1;
      else high = middle;
    }
    return low - this.start;
  }

  /** Takes in what has come since the last time. */
  update(): void {
    const { first, end } = this.rows;
    // The newest row may have grown since it was tested.
    let number = Math.max(first, this.scanned - 1);
    if (this.numbers.at(-1) === number) this.numbers.pop();
    for (; number < end; number += 1) {
      const row = this.rows.get(number);
      if (row !== undefined && this.test(row)) this.numbers.push(number);
    }
    this.scanned = end;
    while ((this.numbers[this.start] ?? Infinity) < first) this.start += 1;
    if (this.start > 4096) {
      this.numbers.splice(0, this.start);
      this.start = 0;
    }
  }
}
