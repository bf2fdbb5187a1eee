import { memo } from "react";
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

/** Text with its escape codes as colours. */
export const AnsiText = memo(function AnsiText({ text }: { text: string }) {
  return ansiSpans(text).map((span, index) => (
    <span key={index} className={span.className === "" ? undefined : span.className}>
      {span.text}
    </span>
  ));
});

/** A row of the readable log: its lead word in its tone, then the text. */
export const LogText = memo(function LogText({ row, limit }: { row: Row; limit?: number }) {
  const text = limit !== undefined && row.text.length > limit ? `…${row.text.slice(-limit)}` : row.text;
  const quiet = row.sub === true || row.kind === "think" || row.kind === "usage";
  return (
    <>
      {row.lead !== undefined && row.lead !== "" && (
        <>
          <span className={cn(row.tone === "plain" ? "font-semibold" : TONES[row.tone], row.tone !== "dim" && "font-semibold")}>
            <AnsiText text={row.lead} />
          </span>{" "}
        </>
      )}
      <span className={quiet ? TONES[row.tone] : undefined}>
        <AnsiText text={text} />
      </span>
    </>
  );
});
