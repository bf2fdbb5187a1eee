import { memo, type ReactNode } from "react";
import { useBlind } from "@/hooks/useBlind";
import { ansiSpans } from "@/lib/ansi";
import type { Row, Tone } from "@/lib/readable";
import { cn } from "@/lib/utils";

const TONES: Record<Tone, string> = {
  plain: "",
  ok: "text-semantic-success-ink",
  warn: "text-semantic-warning-ink",
  bad: "text-semantic-error-ink",
  dim: "text-neutral-shadow-ink",
};

/** Inks of the words before a text; a step's name is set apart from what it says. */
const LEADS: Partial<Record<Row["kind"], string>> = {
  status: "text-ai-accent-ink",
  kube: "font-semibold text-neutral-charcoal",
};

/** Text with its escape codes as colours, and what was searched for marked. */
export const AnsiText = memo(function AnsiText({ text, query = "" }: { text: string; query?: string }) {
  const blind = useBlind();
  return ansiSpans(blind === null ? text : blind.hide(text)).map((span, index) => (
    <span key={index} className={span.className === "" ? undefined : span.className}>
      {query === "" ? span.text : marked(span.text, query)}
    </span>
  ));
});

function marked(text: string, query: string): ReactNode[] {
  const parts: ReactNode[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  // Characters whose lower case is longer would shift what is marked: then nothing is.
  if (lower.length !== text.length) return [text];
  for (let at = lower.indexOf(query); at !== -1; at = lower.indexOf(query, from)) {
    parts.push(text.slice(from, at), <mark key={at} className="rounded-sm bg-semantic-warning/30 text-inherit outline outline-semantic-warning-ink/60">{text.slice(at, at + query.length)}</mark>);
    from = at + query.length;
  }
  parts.push(text.slice(from));
  return parts;
}

/** A row of the readable log: its lead word in its tone, then the text, then how it ended. */
export const LogText = memo(function LogText({ row, limit, query = "" }: { row: Row; limit?: number; query?: string }) {
  const blind = useBlind();
  // How many tokens it took tells who it is.
  if (blind !== null && row.kind === "usage") return <span className={TONES.dim}>tokens are hidden</span>;
  const text = limit !== undefined && row.text.length > limit ? `…${row.text.slice(-limit)}` : row.text;
  const quiet = row.sub === true || row.kind === "think" || row.kind === "usage";
  const call = row.kind === "tool" && row.sub !== true;
  return (
    <>
      {row.lead !== undefined && row.lead !== "" && (
        <>
          <span className={cn(LEADS[row.kind] ?? "font-semibold", row.tone !== "plain" && row.tone !== "dim" && TONES[row.tone])}>
            <AnsiText text={row.lead} query={query} />
          </span>{" "}
        </>
      )}
      <span className={quiet ? TONES[row.tone] : call ? "text-ai-secondary-ink" : undefined}>
        <AnsiText text={text} query={query} />
      </span>
      {row.aside !== undefined && row.aside !== "" && <span className={row.tone === "bad" ? TONES.bad : TONES.dim}> {row.aside}</span>}
    </>
  );
});
