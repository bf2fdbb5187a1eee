import type { NewRun } from "./types";

/** The server's limits: what they refuse here needs no round trip. */
export const MIN_PROMPT = 10;
export const MAX_PROMPT = 16_000;
export const MAX_VARIATIONS = 5;

/** The form as it is typed. */
export interface Draft {
  repository: string;
  ref: string;
  prompt: string;
  variations: number;
  model: string;
  /** One shell command a line. */
  checks: string;
}

export const EXAMPLE = {
  repository: "https://github.com/octocat/Hello-World",
  prompt: "Analyze this repository and describe what it does",
  checks: "python3 -m unittest",
} as const;

/** What is wrong with a draft, by the name of the request's field. The server has the last word. */
export function checkDraft(draft: Draft): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (draft.repository.trim() === "") wrong.github_url = "Enter the address of a git repository.";
  // Code points, as the server counts.
  const characters = [...draft.prompt.trim()].length;
  if (characters < MIN_PROMPT) wrong.prompt = `Say what is to be done in at least ${MIN_PROMPT} characters.`;
  if (characters > MAX_PROMPT) wrong.prompt = `The prompt may have ${MAX_PROMPT} characters, this one has ${characters}.`;
  return wrong;
}

/** The request that a draft stands for; what was left empty is left to the server. */
export function toRequest(draft: Draft): NewRun {
  const ref = draft.ref.trim();
  const model = draft.model.trim();
  const checks = draft.checks
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return {
    github_url: draft.repository.trim(),
    prompt: draft.prompt.trim(),
    variations: draft.variations,
    ...(ref === "" ? {} : { ref }),
    ...(model === "" ? {} : { agent_config: { model } }),
    ...(checks.length === 0 ? {} : { checks }),
  };
}
