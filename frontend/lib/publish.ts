import type { Run } from "./types";

/** Characters of a run's id that tell it from others: it begins with the time. */
const SHORT_ID = 12;
/** As long as git hosts show the first line of a message. */
const SUBJECT = 72;

/** A branch for the selected result; another one where that was pushed already. */
export function branchOf({ run_id, publication }: Run): string {
  const branch = `aideator/${run_id.replace(/^run-/, "").slice(0, SHORT_ID)}`;
  return publication?.commit != null && publication.branch === branch ? `${branch}-2` : branch;
}

/** What the server would say of the commit. */
export function messageOf({ prompt, run_id, winning_variation_id }: Run): string {
  const [first = ""] = prompt.split("\n");
  return `${[...first].slice(0, SUBJECT).join("").trim()}\n\nMade by AIdeator: ${run_id}, variation ${winning_variation_id ?? 0}.`;
}

/** An address that may be linked to; null for what is none, or leads elsewhere than the web. */
export function webAddress(text: string | null | undefined): string | null {
  if (text == null || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
}
