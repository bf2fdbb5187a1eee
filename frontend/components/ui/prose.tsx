"use client";

import { useBlind } from "@/hooks/useBlind";
import { visible } from "@/lib/ansi";

/** What a person or a model wrote: nothing in it acts unseen, and what stands between backticks is code. */
export function Prose({ text }: { text: string }) {
  const blind = useBlind();
  return visible(blind === null ? text : blind.hide(text))
    .split(/(`[^`\n]+`)/)
    .map((part, index) => (index % 2 === 0 ? part : <code key={index} className="text-[0.92em]">{part.slice(1, -1)}</code>));
}
