"use client";

import { Check, Scale, X } from "lucide-react";
import { useJudge } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { dollars, plural, short } from "@/lib/format";
import { isShared } from "@/lib/share";
import { hasEnded, type Judgement } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { Prose } from "../ui/prose";
import { Mark } from "../agents/Who";

/** What a model says of the results, marked as advice: it comes after the evidence, and a person decides. */
export function JudgePanel({ runId, judgement }: { runId: string; judgement: Judgement | null }) {
  const ask = useJudge(runId);
  const waiting = ask.isPending || (judgement !== null && !hasEnded(judgement.judge.status));
  return (
    <Card aria-labelledby="judge" className="border-dashed border-ai-secondary-ink/50">
      <CardHeader id="judge" icon={<Scale aria-hidden className="text-ai-secondary-ink" />} title="A model’s advice" note="It sees the changes and checks without names, each pair in both orders. You decide.">
        <span className="rounded-sm border border-ai-secondary-ink px-1.5 text-caption font-medium whitespace-nowrap text-ai-secondary-ink">Advice, not a check</span>
        {!isShared() && (
          <Button size="sm" disabled={waiting} onClick={() => ask.mutate()}>
            {waiting ? "Judging…" : judgement === null ? "Ask a judge" : "Ask again"}
          </Button>
        )}
      </CardHeader>
      {ask.error !== null && <Alert tone="error">{ask.error.message}</Alert>}
      {judgement !== null && !waiting && <Advice judgement={judgement} />}
    </Card>
  );
}

function Advice({ judgement }: { judgement: Judgement }) {
  const { judge, message, pairs, stale, ranking } = judgement;
  const usage = judge.usage;
  const cost = usage == null ? null : `${short(usage.input_tokens + usage.output_tokens)} tokens, ${judge.cost_usd == null ? "cost unknown" : dollars(judge.cost_usd)}`;
  return (
    <div className="grid gap-sm p-md">
      <p className="text-body-sm font-medium">
        <Prose text={message ?? judge.message ?? "The judge said nothing that can be used."} />
      </p>
      {stale && <p className="text-caption text-semantic-warning-ink">An agent was tried again since: this is about its earlier result.</p>}
      <p className="text-caption text-neutral-shadow-ink">{[judge.model, plural(pairs, "pair"), cost].filter((part) => part != null).join(" · ")}</p>
      <ol className="grid gap-sm md:grid-cols-2 2xl:grid-cols-4">
        {ranking.map((place) => (
          <li key={place.variation_id} className="grid content-start gap-1 rounded-md border bg-neutral-white px-3 py-sm text-caption">
            <span className="flex flex-wrap items-center gap-sm">
              <span className="font-semibold tabular-nums">#{place.rank}</span>
              <Mark agent={place.variation_id} />
              {place.gates.map((gate) => (
                <span key={`${gate.gate} ${gate.detail ?? ""}`} className="inline-flex items-center gap-1" title={gate.detail == null ? undefined : visible(gate.detail)}>
                  {gate.ok ? <Check aria-hidden className="size-3.5 text-semantic-success-ink" /> : <X aria-hidden className="size-3.5 text-semantic-error-ink" />}
                  <span className="sr-only">{gate.ok ? "passes" : "fails"}</span>
                  {gate.gate.replace("_", " ")}
                </span>
              ))}
            </span>
            {[...place.reasons, ...place.risks.map((risk) => `Risk: ${risk}`)].map((said) => (
              <span key={said}>
                <Prose text={said} />
              </span>
            ))}
          </li>
        ))}
      </ol>
    </div>
  );
}
