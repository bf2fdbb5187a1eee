/** Colours for code in diffs. Loaded when a diff is looked at; everything here may be slow, so callers bound what they give. */
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import type { HunkData, HunkTokens } from "react-diff-view";

const lowlight = createLowlight({ bash, c, cpp, css, go, ini, java, javascript, json, python, ruby, rust, sql, typescript, xml, yaml });

const LANGUAGES: Record<string, string> = {
  sh: "bash", bash: "bash", c: "c", h: "c", cc: "cpp", cpp: "cpp", hpp: "cpp", css: "css", go: "go", toml: "ini", ini: "ini", cfg: "ini", java: "java",
  js: "javascript", mjs: "javascript", cjs: "javascript", jsx: "javascript", json: "json", py: "python", pyi: "python", rb: "ruby", rs: "rust", sql: "sql",
  ts: "typescript", mts: "typescript", tsx: "typescript", html: "xml", xml: "xml", svg: "xml", vue: "xml", yml: "yaml", yaml: "yaml",
};

/** The kinds of words that are told apart; what else a grammar knows stays plain. */
const KINDS: Record<string, string> = {
  keyword: "k", built_in: "k", literal: "k", type: "k", "selector-tag": "k", name: "k", meta: "c", comment: "c", doctag: "c", string: "s", regexp: "s", char: "s", attr: "k",
};

type Tokens = HunkTokens["old"][number];
/** A stretch of a line of one kind; empty for plain text. */
interface Piece {
  kind: string;
  text: string;
}

/** More characters of a file than this are not coloured, nor are files with a longer line: grammars are no match for those. */
const MOST = 60_000;
const LONGEST_LINE = 1_000;

/** The lines of a file's hunks in colours, by line number; null where its language is not known, or it is too much. */
export function highlight(path: string, hunks: readonly HunkData[]): HunkTokens | null {
  const language = LANGUAGES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
  if (language === undefined) return null;
  let size = 0;
  for (const { changes } of hunks) {
    for (const { content } of changes) {
      size += content.length;
      if (content.length > LONGEST_LINE || size > MOST) return null;
    }
  }
  const tokens: HunkTokens = { old: [], new: [] };
  for (const { changes } of hunks) {
    for (const side of ["old", "new"] as const) {
      const other = side === "old" ? "insert" : "delete";
      const lines = changes.filter(({ type }) => type !== other);
      const coloured = piecesByLine(language, lines.map(({ content }) => content));
      lines.forEach((change, index) => {
        const number = change.type === "normal" ? (side === "old" ? change.oldLineNumber : change.newLineNumber) : change.lineNumber;
        tokens[side][number - 1] = (coloured[index] ?? []).map(token);
      });
    }
  }
  return tokens;
}

const token = ({ kind, text }: Piece): Tokens[number] => (kind === "" ? { type: "text", value: text } : { type: "code", className: `code-${kind}`, children: [{ type: "text", value: text }] });

interface Node {
  type: string;
  value?: string;
  properties?: { className?: unknown };
  children?: Node[];
}

function piecesByLine(language: string, lines: readonly string[]): Piece[][] {
  const result: Piece[][] = [[]];
  const walk = (node: Node, kind: string) => {
    if (node.type === "text") {
      (node.value ?? "").split("\n").forEach((text, index) => {
        if (index > 0) result.push([]);
        if (text !== "") result.at(-1)?.push({ kind, text });
      });
      return;
    }
    const names = Array.isArray(node.properties?.className) ? node.properties.className : [];
    // Never a class that a text could name: only those of the list.
    const own = names.map((name) => KINDS[String(name).replace(/^hljs-/, "")]).find((found) => found !== undefined);
    for (const child of node.children ?? []) walk(child, own ?? kind);
  };
  walk(lowlight.highlight(language, lines.join("\n")) as Node, "");
  return result;
}
