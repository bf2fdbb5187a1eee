"use client";

import { Check, ChevronRight, X } from "lucide-react";
import { visible } from "@/lib/ansi";
import { exitText } from "@/lib/format";
import type { VariationState } from "@/lib/run-state";
import { cn } from "@/lib/utils";
import { checkCommands } from "@/lib/verdict";
import { AnsiText } from "../log/LogText";
import { Card, CardHeader } from "../ui/card";
import { Prose } from "../ui/prose";
import { Mark } from "../agents/Who";

/** Each check with its outcome in every agent's tree, what it printed one click away; open where it failed. */
export function ChecksPanel({ ranked }: { ranked: readonly VariationState[] }) {
  const commands = checkCommands(ranked);
  const broken = ranked.filter((variation) => variation.complete && variation.status !== "succeeded");
  if (commands.length === 0 && broken.length === 0) return null;
  return (
    <Card aria-labelledby="checks">
      <CardHeader id="checks" title="Checks side by side" />
      <div className="grid gap-md p-md">
        {commands.map((command) => (
          <section key={command} aria-label={command} className="grid gap-sm">
            <h3 className="font-mono text-caption font-semibold break-all">$ {visible(command)}</h3>
            <div className="divide-y rounded-md border bg-neutral-white">
              {ranked.map((variation) => (
                <Outcome key={variation.id} variation={variation} command={command} />
              ))}
            </div>
          </section>
        ))}
        {broken.map((variation) => (
          <section key={variation.id} aria-label="Did not succeed" className="grid gap-sm">
            <h3 className="flex flex-wrap items-center gap-sm text-caption">
              <Mark agent={variation.id} />
              <code className="font-semibold">{variation.reason ?? variation.status}</code>
              {variation.exitCode !== null && <span className="text-neutral-shadow-ink">exit {variation.exitCode}</span>}
            </h3>
            {variation.message !== null && <pre className="rounded-md border bg-neutral-white px-3 py-sm text-caption whitespace-pre-wrap">{visible(variation.message)}</pre>}
            {variation.hint !== null && <p className="text-caption"><Prose text={variation.hint} /></p>}
          </section>
        ))}
      </div>
    </Card>
  );
}

function Outcome({ variation, command }: { variation: VariationState; command: string }) {
  const check = variation.checks.find((each) => each.command === command);
  if (check === undefined) return null;
  const ok = check.exit_code === 0;
  const Icon = ok ? Check : X;
  return (
    <details open={!ok} className="group">
      <summary className="flex min-h-8 cursor-pointer list-none items-center gap-sm px-sm py-1 text-caption font-medium -outline-offset-2 [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden className="size-3.5 shrink-0 text-neutral-shadow-ink group-open:rotate-90" />
        <Mark agent={variation.id} />
        <Icon aria-hidden className={cn("size-3.5 shrink-0", ok ? "text-semantic-success-ink" : "text-semantic-error-ink")} />
        {ok ? "passed" : exitText(check.exit_code)}
        <span className="ml-auto font-normal tabular-nums text-neutral-shadow-ink">{check.seconds.toFixed(1)} s</span>
      </summary>
      <pre tabIndex={0} aria-label="Its output" className="max-h-60 overflow-auto border-t px-3 py-sm text-caption whitespace-pre-wrap wrap-anywhere -outline-offset-2">
        {check.output_tail.trim() === "" ? <span className="text-neutral-shadow-ink">It printed nothing.</span> : <AnsiText text={check.output_tail.trimEnd()} />}
      </pre>
    </details>
  );
}
