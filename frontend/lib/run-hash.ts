import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const BLOCK = 1 << 16;
const NEWLINE = 10;

/** What arrived of one log: the same three figures that the server tells at its end. */
export interface Received {
  lines: number;
  bytes: number;
  sha256: string;
}

/** Counts and hashes the bytes of a log as they arrive. The browser's own digest takes only whole inputs. */
export class LogHash {
  private readonly hash = sha256.create();
  private readonly block = new Uint8Array(BLOCK);
  private used = 0;
  private bytes = 0;
  private lines = 0;
  /** The last line's newline, which the last line of all may lack. */
  private newline = false;

  /** Adds the whole of a line, or the next part of one. */
  add(content: string | Uint8Array, partial: boolean): void {
    this.breakLine();
    if (typeof content === "string") this.text(content);
    else this.raw(content);
    if (!partial) {
      this.newline = true;
      this.lines += 1;
    }
  }

  /** The figures; `told` is the server's count of bytes, which says whether the last line ended in a newline. */
  figures(told: number): Received {
    if (this.newline && told === this.bytes + 1) this.breakLine();
    this.flush();
    return { lines: this.lines, bytes: this.bytes, sha256: bytesToHex(this.hash.clone().digest()) };
  }

  private breakLine(): void {
    if (!this.newline) return;
    this.newline = false;
    if (this.used === BLOCK) this.flush();
    this.block[this.used] = NEWLINE;
    this.used += 1;
    this.bytes += 1;
  }

  private text(content: string): void {
    for (let rest = content; rest !== ""; ) {
      // A character has at most four bytes: with less room it might not fit at all.
      if (BLOCK - this.used < 4) this.flush();
      const { read, written } = encoder.encodeInto(rest, this.block.subarray(this.used));
      this.used += written;
      this.bytes += written;
      rest = read === rest.length ? "" : rest.slice(read);
    }
  }

  private raw(content: Uint8Array): void {
    this.flush();
    this.hash.update(content);
    this.bytes += content.length;
  }

  private flush(): void {
    if (this.used === 0) return;
    this.hash.update(this.block.subarray(0, this.used));
    this.used = 0;
  }
}

const encoder = new TextEncoder();
