import Anser from "anser";

/** A stretch of text with the look its escape codes ask for. */
export interface Span {
  text: string;
  /** Class names from a fixed map; nothing of the text gets in here. */
  className: string;
}

const INKS: Record<string, string> = {
  red: "text-semantic-error-ink",
  green: "text-agent-3-ink",
  yellow: "text-agent-2-ink",
  blue: "text-agent-4-ink",
  magenta: "text-agent-5-ink",
  cyan: "text-ai-accent-ink",
};

const looks = (color: string | null, bold: boolean, dim: boolean): string => {
  const ink = color === null ? undefined : INKS[color.replace(/^ansi-(bright-)?/, "")];
  return [ink, bold ? "font-bold" : "", dim && ink === undefined ? "text-neutral-shadow-ink" : ""].filter(Boolean).join(" ");
};

/** Splits a line at its escape codes. Foreign colours become the palette's inks, backgrounds are left out. */
export function ansiSpans(line: string): Span[] {
  if (!line.includes("\u001b")) return [{ text: visible(line), className: "" }];
  return Anser.ansiToJson(line, { json: true, remove_empty: true, use_classes: true }).map((part) => ({
    text: visible(part.content),
    className: looks(part.fg, part.decorations.includes("bold"), part.decorations.includes("dim")),
  }));
}

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Shows what would act unseen: control characters, and those that turn the direction of text. */
export function visible(text: string): string {
  return text.replace(/\r$/, "").replace(HIDDEN, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
