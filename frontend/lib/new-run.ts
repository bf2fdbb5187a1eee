import type { NewRun, Run } from "./types";

/** The server's limits: what they refuse here needs no round trip. */
const MIN_PROMPT = 10;
export const MAX_PROMPT = 16_000;
export const MAX_VARIATIONS = 5;

/** Settings of one variation as they are typed; what is empty is left to the server. */
export interface VariantDraft {
  model: string;
  temperature: string;
  instructions: string;
  /** For the engine `command`: the program that does the work in place of the agent's own loop. */
  command: string;
  image: string;
}

/** The result that a run starts from. */
export type Base = NonNullable<NewRun["base"]>;

/** The form as it is typed. */
export interface Draft {
  /** What the address asked for when it was begun; empty for nothing. */
  origin: string;
  /** Null: from a commit. With one, the repository is that run's, and so is the commit. */
  base: Base | null;
  repository: string;
  ref: string;
  prompt: string;
  variations: number;
  /** One for each variation there may be, so that fewer and more again loses nothing. */
  variants: VariantDraft[];
  /** One shell command a line. */
  checks: string;
  minutes: string;
  tokens: string;
  /** Of each agent, and of all together. */
  cost: string;
  runCost: string;
}

const noWish: VariantDraft = { model: "", temperature: "", instructions: "", command: "", image: "" };

export const EMPTY: Draft = {
  origin: "",
  base: null,
  repository: "",
  ref: "",
  prompt: "",
  variations: 3,
  variants: Array.from({ length: MAX_VARIATIONS }, () => noWish),
  checks: "",
  minutes: "",
  tokens: "",
  cost: "",
  runCost: "",
};

export const EXAMPLE = {
  repository: "https://github.com/octocat/Hello-World",
  prompt: "Analyze this repository and describe what it does",
  checks: "python3 -m unittest",
} as const;

export const TEMPLATES = [
  { name: "Describe the repository", prompt: "Analyze this repository and describe what it does. Write the description into README.md, and keep what is true in it." },
  { name: "Make the tests pass", prompt: "Run the tests and make the failing ones pass. Do not change the tests." },
  { name: "Fix a bug", prompt: "Expected: …\nWhat happens instead: …\nHow to see it: …\n\nFind the cause and repair it. Add a test that fails without the repair." },
  { name: "Add tests", prompt: "Find the part of this repository that is most used and least tested, and write tests for it. Do not change what it does." },
  { name: "Refactor", prompt: "Make … simpler without changing what it does. The tests must pass as they are." },
] as const;

/** What is wrong with a draft, by the path of the request's field. The server has the last word. */
export function checkDraft(draft: Draft): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (draft.repository.trim() === "") wrong.github_url = "Enter the address of a git repository.";
  // Code points, as the server counts.
  const characters = [...draft.prompt.trim()].length;
  if (characters < MIN_PROMPT) wrong.prompt = `Say what is to be done in at least ${MIN_PROMPT} characters.`;
  if (characters > MAX_PROMPT) wrong.prompt = `The prompt may have ${MAX_PROMPT} characters, this one has ${characters}.`;
  draft.variants.slice(0, draft.variations).forEach(({ temperature }, index) => {
    const value = Number(temperature);
    if (!(value >= 0 && value <= 2)) wrong[`variants.${index}.temperature`] = "A number from 0 to 2.";
  });
  if (draft.minutes.trim() !== "" && !(amount(draft.minutes) > 0)) wrong["limits.timeout_seconds"] = "Minutes, such as 15.";
  if (draft.tokens.trim() !== "" && !(amount(draft.tokens) >= 1)) wrong["limits.max_total_tokens"] = "A number, such as 200k.";
  if (draft.cost.trim() !== "" && !(amount(draft.cost) > 0)) wrong["limits.max_cost_usd"] = "US dollars, such as 1.50.";
  if (draft.runCost.trim() !== "" && !(amount(draft.runCost) > 0)) wrong["limits.max_run_cost_usd"] = "US dollars, such as 5.";
  return wrong;
}

/** `200k`, `1.5M`, `$1.50`, `1,000`; NaN for what is no number. */
export function amount(text: string): number {
  const match = /^\$?\s*(\d+(?:[.,]\d+)*)\s*([km]?)$/i.exec(text.trim());
  if (match === null) return NaN;
  const [, digits = "", unit = ""] = match;
  return Number(digits.replaceAll(",", "")) * { "": 1, k: 1e3, m: 1e6 }[unit.toLowerCase() as "" | "k" | "m"];
}

/** The request that a draft stands for; what was left empty is left to the server. */
export function toRequest(draft: Draft): NewRun {
  const ref = draft.ref.trim();
  const checks = lines(draft.checks);
  const wishes = draft.variants.slice(0, draft.variations).map(toVariant);
  const limits = {
    ...(draft.minutes.trim() === "" ? {} : { timeout_seconds: Math.round(amount(draft.minutes) * 60) }),
    ...(draft.tokens.trim() === "" ? {} : { max_total_tokens: Math.round(amount(draft.tokens)) }),
    ...(draft.cost.trim() === "" ? {} : { max_cost_usd: amount(draft.cost) }),
    ...(draft.runCost.trim() === "" ? {} : { max_run_cost_usd: amount(draft.runCost) }),
  };
  return {
    ...(draft.base === null ? { github_url: draft.repository.trim() } : { base: draft.base }),
    prompt: draft.prompt.trim(),
    // With a wish for one of them all are listed; without any, the server spreads them.
    ...(wishes.some((wish) => Object.keys(wish).length > 0) ? { variants: wishes } : { variations: draft.variations }),
    ...(ref === "" || draft.base !== null ? {} : { ref }),
    ...(checks.length === 0 ? {} : { checks }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

function toVariant(draft: VariantDraft): NonNullable<NewRun["variants"]>[number] {
  const { model, temperature, instructions, command, image } = draft;
  return {
    ...(model.trim() === "" ? {} : { model: model.trim() }),
    ...(temperature.trim() === "" ? {} : { temperature: Number(temperature) }),
    ...(instructions.trim() === "" ? {} : { instructions: instructions.trim() }),
    ...(command.trim() === "" ? {} : { engine: "command" as const, command: command.trim() }),
    ...(image === "" ? {} : { image }),
  };
}

/** The draft that would start this run again; what began with another's result does so again. */
export function fromRun(run: Run): Draft {
  const text = (value: number | null | undefined) => (value == null ? "" : String(value));
  const { timeout_seconds: seconds, max_total_tokens: tokens, max_cost_usd: cost, max_run_cost_usd: runCost } = run.limits;
  return {
    origin: "",
    base: run.base == null ? null : { run_id: run.base.run_id, variation_id: run.base.variation_id },
    repository: run.github_url,
    ref: run.ref ?? "",
    prompt: run.prompt,
    variations: run.variations.length,
    variants: EMPTY.variants.map((none, index) => {
      const given = run.variations[index];
      if (given === undefined) return none;
      return {
        model: given.model ?? "",
        temperature: text(given.temperature),
        instructions: given.instructions ?? "",
        command: given.command ?? "",
        image: "",
      };
    }),
    checks: run.checks.join("\n"),
    minutes: seconds == null ? "" : text(seconds / 60),
    tokens: text(tokens),
    cost: text(cost),
    runCost: text(runCost),
  };
}

/** The draft of a run that goes on from a result of this one: the same settings, and something new to do. */
const fromResult = (run: Run, variation: number): Draft => ({ ...fromRun(run), base: { run_id: run.run_id, variation_id: variation }, prompt: "" });

/** The address of the form that goes on from a result; people's numbers. */
export const followUpAddress = (run: string, variation: number): string => `/?${new URLSearchParams({ base: run, v: String(variation + 1) })}`;

/** What the form's address asks for: a run again, or to go on from a result. */
interface Wish {
  /** The query, by which a draft is known that was begun with it. */
  origin: string;
  run: string | null;
  /** The variation whose result is gone on from; null for the run again. */
  from: number | null;
}

export function wishOf(search: URLSearchParams): Wish {
  const base = search.get("base");
  if (base !== null) return { origin: `base=${base}&v=${search.get("v") ?? "1"}`, run: base, from: Number(search.get("v") ?? "1") - 1 };
  const again = search.get("again");
  return again === null ? { origin: "", run: null, from: null } : { origin: `again=${again}`, run: again, from: null };
}

/** What the form begins with: what the address asks for, what was typed before, or something to try. */
export function initialDraft({ origin, from }: Wish, run: Run | undefined, stored: Draft | null, isFirst: boolean): Draft {
  // What was begun with the same wish outlives a reload.
  if (run !== undefined && stored?.origin !== origin) return { ...(from === null ? fromRun(run) : fromResult(run, from)), origin };
  if (stored !== null) return stored;
  return isFirst ? { ...EMPTY, repository: EXAMPLE.repository, prompt: EXAMPLE.prompt } : EMPTY;
}

/** Where a browser keeps the draft of an account. */
export const draftKey = (account: string): string => `aideator.draft.${account}`;

/** A stored draft; null for what is none, such as that of an older page. */
export function parseDraft(stored: string | null): Draft | null {
  if (stored === null) return null;
  try {
    const draft = JSON.parse(stored) as Draft;
    const texts = [draft.origin, draft.repository, draft.ref, draft.prompt, draft.checks, draft.minutes, draft.tokens, draft.cost, draft.runCost, ...draft.variants.flatMap((variant) => Object.values(variant))];
    const whole = texts.every((text) => typeof text === "string") && draft.variants.length === MAX_VARIATIONS && draft.variants.every((variant) => Object.keys(noWish).every((key) => key in variant));
    const { base } = draft;
    const based = base === null || (typeof base.run_id === "string" && Number.isInteger(base.variation_id));
    return whole && based && draft.variations >= 1 && draft.variations <= MAX_VARIATIONS ? draft : null;
  } catch {
    return null;
  }
}
