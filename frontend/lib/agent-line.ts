/** What an agent prints, one JSON object a line. Anything else is shown as it is and never read. */

export type Step = "clone" | "context" | "llm" | "tool" | "check" | "diff" | "other";

export type AgentLine = { seq: number; ts: string } & (
  | { type: "started"; model: string; engine: string; base_sha: string }
  | { type: "status"; step: Step; message: string }
  | { type: "text" | "reasoning"; delta: string }
  | { type: "tool_call"; id: string; name: string; arguments: string; more: boolean }
  | { type: "tool_result"; id: string; ok: boolean; output: string; truncated: boolean; more: boolean }
  | { type: "usage"; input_tokens: number; output_tokens: number; cost_usd: number | null }
  | { type: "check"; command: string; exit_code: number | null; seconds: number; output_tail: string }
  | { type: "patch"; part: number; last: boolean; data: string; files: number | null; additions: number | null; deletions: number | null }
  | { type: "finished"; outcome: string; summary: string; reason: string | null }
  | { type: "error"; code: string; message: string; retryable: boolean }
  | { type: "unknown"; name: string }
);

type Fields = Record<string, unknown>;

const text = (fields: Fields, key: string): string => {
  const value = fields[key];
  return typeof value === "string" ? value : "";
};
const number = (fields: Fields, key: string): number | null => {
  const value = fields[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
};
const flag = (fields: Fields, key: string): boolean => fields[key] === true;

const STEPS = new Set(["clone", "context", "llm", "tool", "check", "diff"]);

/** Reads one line; null when it is not one of ours. A type of a later version is `unknown` and still counts for `seq`. */
export function parseAgentLine(content: string): AgentLine | null {
  // Cheap and first: most foreign lines are plain text.
  if (!content.startsWith('{"')) return null;
  let fields: Fields;
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    fields = value as Fields;
  } catch {
    return null;
  }
  const seq = number(fields, "seq");
  if (fields.v !== 1 || seq === null || typeof fields.type !== "string") return null;
  return { seq, ts: text(fields, "ts"), ...body(fields, fields.type) };
}

type Body = AgentLine extends infer L ? (L extends AgentLine ? Omit<L, "seq" | "ts"> : never) : never;

function body(fields: Fields, type: string): Body {
  switch (type) {
    case "started":
      return { type, model: text(fields, "model"), engine: text(fields, "engine"), base_sha: text(fields, "base_sha") };
    case "status": {
      const step = text(fields, "step");
      return { type, step: STEPS.has(step) ? (step as Step) : "other", message: text(fields, "message") };
    }
    case "text":
    case "reasoning":
      return { type, delta: text(fields, "delta") };
    case "tool_call":
      return { type, id: text(fields, "id"), name: text(fields, "name"), arguments: argumentText(fields), more: flag(fields, "more") };
    case "tool_result":
      return {
        type,
        id: text(fields, "id"),
        ok: flag(fields, "ok"),
        output: text(fields, "output"),
        truncated: flag(fields, "truncated"),
        more: flag(fields, "more"),
      };
    case "usage":
      return {
        type,
        input_tokens: number(fields, "input_tokens") ?? 0,
        output_tokens: number(fields, "output_tokens") ?? 0,
        cost_usd: number(fields, "cost_usd"),
      };
    case "check":
      return {
        type,
        command: text(fields, "command"),
        exit_code: number(fields, "exit_code"),
        seconds: number(fields, "seconds") ?? 0,
        output_tail: text(fields, "output_tail"),
      };
    case "patch":
      return {
        type,
        part: number(fields, "part") ?? 0,
        last: flag(fields, "last"),
        data: text(fields, "data"),
        files: number(fields, "files"),
        additions: number(fields, "additions"),
        deletions: number(fields, "deletions"),
      };
    case "finished":
      return { type, outcome: text(fields, "outcome"), summary: text(fields, "summary"), reason: text(fields, "reason") || null };
    case "error":
      return { type, code: text(fields, "code"), message: text(fields, "message"), retryable: flag(fields, "retryable") };
    default:
      return { type: "unknown", name: type };
  }
}

/** Arguments are JSON text; another agent may put the object itself there. */
function argumentText(fields: Fields): string {
  const value = fields.arguments;
  return typeof value === "string" ? value : JSON.stringify(value ?? {});
}

/** What a tool call is about, in a few words: the path, the command, the pattern. */
export function callSubject(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value !== "object" || value === null) return args;
    const fields = value as Fields;
    for (const key of ["command", "pattern", "path"]) {
      const subject = text(fields, key);
      if (subject !== "") return subject;
    }
    return "";
  } catch {
    // Long arguments come in several lines; each alone is not JSON.
    return "";
  }
}
