"use client";

import { Check, Copy, X } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";
import { cn } from "@/lib/utils";
import { Button, type ButtonProps } from "./button";

interface CopyButtonProps extends Omit<ButtonProps, "onClick" | "children"> {
  /** Given as a function where it is long and changes: it is asked for when it is copied. */
  text: string | (() => string);
  /** What is copied, for those who cannot see it: "Copy kubectl command". */
  label: string;
  /** Shown beside the icon; without it the button is the icon alone. */
  children?: string;
}

/** Copies `text`, and says whether it worked. */
export function CopyButton({ text, label, children, ...props }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const Icon = outcome === "copied" ? Check : outcome === "failed" ? X : Copy;
  const said = outcome === "copied" ? "Copied" : outcome === "failed" ? "Select the text and copy it by hand" : label;
  return (
    <Button
      {...props}
      aria-label={children === undefined ? said : undefined}
      title={said}
      onClick={() => void copyText(typeof text === "string" ? text : text()).then((worked) => setOutcome(worked ? "copied" : "failed"))}
    >
      <Icon aria-hidden />
      {children !== undefined && (outcome === "copied" ? "Copied" : children)}
      <span role="status" className="sr-only">
        {outcome === null ? "" : said}
      </span>
    </Button>
  );
}

/** A command as one would type it, with a button that copies it. */
export function CopyLine({ command, label, wrap = false, prompt = "$", className }: { command: string; label: string; wrap?: boolean; prompt?: string; className?: string }) {
  return (
    <div
      className={cn(
        "flex min-h-8 min-w-0 gap-xs rounded-md border bg-neutral-white pr-xs pl-3 font-mono text-caption",
        wrap ? "items-start py-1" : "items-center",
        className,
      )}
    >
      <span aria-hidden className={cn("text-neutral-shadow-ink select-none", wrap && "pt-0.5")}>
        {prompt}
      </span>
      <code className={cn("min-w-0 flex-1", wrap ? "pt-0.5 whitespace-pre-wrap wrap-anywhere" : "truncate")} title={wrap ? undefined : command}>
        {command}
      </code>
      <CopyButton variant="ghost" size="icon-sm" text={command} label={label} className={wrap ? "size-6" : undefined} />
    </div>
  );
}
