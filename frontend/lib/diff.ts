/** Unified diffs as git writes them, read without trusting them: names are hostile, and a hunk's own counts say where it ends. */
import type { ChangeData, HunkData, HunkTokens } from "react-diff-view";
import { visible } from "./ansi";

export type FileKind = "add" | "delete" | "modify" | "rename" | "copy";

/** One file of a patch. */
export interface FileChange {
  path: string;
  /** Lines. */
  additions: number;
  deletions: number;
  /** Differs from `path` where the file was renamed or copied. */
  oldPath: string;
  kind: FileKind;
  binary: boolean;
  /** Such as `100644 → 100755`, where that changed. */
  mode: string | null;
  hunks: HunkData[];
  /** All that the change is, the ids of blobs aside: two that are equal do the same to the same file. */
  body: string;
}

/** Longer lines are shown up to here; the patch itself has all of them. */
const SHOWN_LINE = 2_000;

/** A patch file by file. What it does not know it leaves out; it never throws. */
export function parsePatch(patch: string): FileChange[] {
  const files: FileReader[] = [];
  let file: FileReader | undefined;
  for (const line of patch.split("\n")) {
    if (file?.continues(line) === true) file.hunkLine(line);
    else if (line.startsWith("diff --git ")) {
      file = new FileReader(line);
      files.push(file);
    } else file?.headerLine(line);
  }
  return files.map((reader) => reader.change());
}

class FileReader {
  private oldPath: string;
  private newPath: string;
  private kind: FileKind = "modify";
  private binary = false;
  private oldMode: string | null = null;
  private newMode: string | null = null;
  private additions = 0;
  private deletions = 0;
  private readonly hunks: HunkData[] = [];
  private readonly body: string[] = [];
  private blobs = "";
  /** Lines of the hunk still to come: inside one, `--- ` is a removed line and not a header. */
  private oldLeft = 0;
  private newLeft = 0;
  private oldLine = 0;
  private newLine = 0;

  constructor(header: string) {
    this.newPath = headerPath(header);
    this.oldPath = this.newPath;
  }

  /** Whether a line belongs to the hunk: it says itself how long it is, but may be wrong. */
  continues(line: string): boolean {
    return (this.oldLeft > 0 || this.newLeft > 0) && (line === "" || " +-\\".includes(line.charAt(0)));
  }

  headerLine(line: string): void {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk !== null && !this.binary) {
      this.startHunk(visible(line), hunk);
      return;
    }
    if (line.startsWith("\\")) {
      this.noNewline();
      return;
    }
    const [, name = "", value = ""] = /^(---|\+\+\+|rename from|rename to|copy from|copy to|new file mode|deleted file mode|old mode|new mode|index|Binary files|GIT binary patch) ?(.*)$/.exec(line) ?? [];
    switch (name) {
      case "rename from":
      case "copy from":
        this.kind = name === "rename from" ? "rename" : "copy";
        this.oldPath = unquoted(value);
        break;
      case "rename to":
      case "copy to":
        this.newPath = unquoted(value);
        break;
      case "new file mode":
        this.kind = "add";
        break;
      case "deleted file mode":
        this.kind = "delete";
        break;
      case "old mode":
        this.oldMode = value;
        break;
      case "new mode":
        this.newMode = value;
        break;
      case "index":
        this.blobs = value;
        return;
      case "---":
      case "+++": {
        // Names with spaces end with a tab.
        const path = unquoted(value.replace(/\t$/, ""));
        if (path !== "/dev/null") this[name === "---" ? "oldPath" : "newPath"] = path.slice(2);
        return;
      }
      case "Binary files":
      case "GIT binary patch":
        this.binary = true;
        return;
      case "":
        return;
    }
    this.body.push(line);
  }

  hunkLine(line: string): void {
    const hunk = this.hunks[this.hunks.length - 1];
    if (line.startsWith("\\")) {
      this.noNewline();
      return;
    }
    this.body.push(line);
    const content = shown(line.slice(1));
    let change: ChangeData;
    if (line.startsWith("+")) {
      change = { type: "insert", isInsert: true, content, lineNumber: this.newLine++ };
      this.additions += 1;
      this.newLeft -= 1;
    } else if (line.startsWith("-")) {
      change = { type: "delete", isDelete: true, content, lineNumber: this.oldLine++ };
      this.deletions += 1;
      this.oldLeft -= 1;
    } else {
      change = { type: "normal", isNormal: true, content, oldLineNumber: this.oldLine++, newLineNumber: this.newLine++ };
      this.oldLeft -= 1;
      this.newLeft -= 1;
    }
    hunk?.changes.push(change);
  }

  change(): FileChange {
    const mode = this.oldMode === null || this.newMode === null ? null : `${this.oldMode} → ${this.newMode}`;
    return {
      path: this.kind === "delete" ? this.oldPath : this.newPath,
      oldPath: this.oldPath,
      kind: this.kind,
      binary: this.binary,
      mode,
      additions: this.additions,
      deletions: this.deletions,
      hunks: this.hunks,
      // A binary file's content is only known by its id.
      body: [...this.body, this.binary ? this.blobs : ""].join("\n"),
    };
  }

  private startHunk(content: string, [, oldStart, oldLines = "1", newStart, newLines = "1"]: RegExpExecArray): void {
    this.oldLine = Number(oldStart);
    this.newLine = Number(newStart);
    this.oldLeft = Number(oldLines);
    this.newLeft = Number(newLines);
    this.hunks.push({ content, oldStart: this.oldLine, oldLines: this.oldLeft, newStart: this.newLine, newLines: this.newLeft, changes: [] });
    this.body.push(content);
  }

  private noNewline(): void {
    this.body.push("\\");
    const last = this.hunks[this.hunks.length - 1]?.changes.at(-1);
    if (last !== undefined) last.content += "  \\ no newline at the end";
  }
}

/** A line as it is drawn: nothing in it acts unseen, a carriage return at its end neither. */
function shown(line: string): string {
  const text = visible(`${line.slice(0, SHOWN_LINE)}\n`).slice(0, -1);
  return line.length > SHOWN_LINE ? `${text} … ${line.length - SHOWN_LINE} more characters` : text;
}

/** The new path of `diff --git a/x b/x`; git quotes names with unusual characters. */
function headerPath(line: string): string {
  const quoted = / ("b\/(?:[^"\\]|\\.)*")$/.exec(line);
  if (quoted?.[1] !== undefined) return unquoted(quoted[1]).slice(2);
  const names = line.slice("diff --git ".length);
  // Both names are the same but for a rename, and may hold " b/": halve them where that fits.
  const half = (names.length - 1) / 2;
  if (Number.isInteger(half) && names.slice(2, half) === names.slice(half + 3)) return names.slice(2, half);
  return names.slice(names.lastIndexOf(" b/") + 3);
}

const ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** A name as it is, of `"caf\303\251"` as git quotes it: bytes of UTF-8 in octal. */
function unquoted(name: string): string {
  if (!/^".*"$/.test(name)) return name;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [, octal, escape, text] of name.slice(1, -1).matchAll(/\\([0-3][0-7]{2})|\\(.)|([^\\]+)/g)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (escape !== undefined) bytes.push(ESCAPES[escape] ?? escape.charCodeAt(0));
    else bytes.push(...encoder.encode(text));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** The same hunk with each removed line beside the added one that took its place, for two columns. */
export function paired(hunk: HunkData): HunkData {
  const changes: ChangeData[] = [];
  let removed: ChangeData[] = [];
  let added: ChangeData[] = [];
  const flush = () => {
    for (let index = 0; index < Math.max(removed.length, added.length); index += 1) {
      const [one, other] = [removed[index], added[index]];
      if (one !== undefined) changes.push(one);
      if (other !== undefined) changes.push(other);
    }
    removed = [];
    added = [];
  };
  for (const change of hunk.changes) {
    if (change.type === "normal") {
      flush();
      changes.push(change);
    } else if (change.type === "delete") {
      if (added.length > 0) flush();
      removed.push(change);
    } else added.push(change);
  }
  flush();
  return { ...hunk, changes };
}

/** Of two lines at least this part must be the same for the rest to be called an edit: else one simply took the other's place. */
const SIMILAR = 0.4;

/** What changed inside of lines, for each removed line and the added one that took its place; over the lines' `colours`, if any. */
export function edits(hunks: readonly HunkData[], colours: HunkTokens | null = null): HunkTokens {
  // By line number, with holes: a hunk may claim to begin anywhere.
  const tokens: HunkTokens = { old: [...(colours?.old ?? [])], new: [...(colours?.new ?? [])] };
  for (const hunk of hunks) {
    const changes = paired(hunk).changes;
    changes.forEach((added, index) => {
      const removed = changes[index - 1];
      if (added.type !== "insert" || removed?.type !== "delete") return;
      const [one, other] = [removed.content, added.content];
      const head = boundary(one, common(one, other));
      const tail = common(reversed(one.slice(head)), reversed(other.slice(head)));
      if (head + tail < SIMILAR * Math.max(one.length, other.length)) return;
      tokens.old[removed.lineNumber - 1] = marked(one, head, tail, tokens.old[removed.lineNumber - 1]);
      tokens.new[added.lineNumber - 1] = marked(other, head, tail, tokens.new[added.lineNumber - 1]);
    });
  }
  return tokens;
}

type Tokens = HunkTokens["old"][number];

/** A line whose middle was edited, in the colours that it has. */
function marked(line: string, head: number, tail: number, coloured: Tokens = [text(line)]): Tokens {
  const end = line.length - tail;
  const middle = between(coloured, head, end);
  return [...between(coloured, 0, head), ...(middle.length === 0 ? [] : [{ type: "edit", children: middle }]), ...between(coloured, end, line.length)];
}

const text = (value: string): Tokens[number] => ({ type: "text", value });

/** The part of a line from one character to another. */
function between(tokens: Tokens, from: number, to: number): Tokens {
  const parts: Tokens = [];
  let at = 0;
  for (const token of tokens) {
    const value = token.value ?? token.children?.map((child) => child.value ?? "").join("") ?? "";
    const part = value.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (part !== "") parts.push(token.type === "text" ? text(part) : { ...token, children: [text(part)] });
    at += value.length;
  }
  return parts;
}

/** How many characters both begin with. */
function common(one: string, other: string): number {
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) length += 1;
  return length;
}

/** The beginning of the word that `index` is in. */
function boundary(line: string, index: number): number {
  let start = index;
  while (start > 0 && /\w/.test(line[start - 1] ?? "") && /\w/.test(line[index] ?? "")) start -= 1;
  return start;
}

const reversed = (text: string): string => text.split("").reverse().join("");
