"use client";

import { Check, Scale, X } from "lucide-react";
import { useJudge } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { dollars, plural, short } from "@/lib/format";
import { hasEnded, type Judgement } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { Mark } from "./Who";

/** What a model says of the results, marked as advice: it comes after the evidence, and a person decides. */
export function JudgePanel({ runId, judgement }: { runId: string; judgement: Judgement | null }) {
  const ask = useJudge(runId);
  const waiting = ask.isPending || (judgement !== null && !hasEnded(judgement.judge.status));
  return (
    <Card aria-labelledby="judge">
      <CardHeader id="judge" icon={<Scale aria-hidden />} title="A model’s advice" note="It sees the changes and checks without names, each pair in both orders. You decide.">
        <Button size="sm" disabled={waiting} onClick={() => ask.mutate()}>
          {waiting ? "Judging…" : judgement === null ? "Ask a judge" : "Ask again"}
        </Button>
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
      <p className="text-body-sm font-medium">{visible(message ?? judge.message ?? "The judge said nothing that can be used.")}</p>
      {stale && <p className="text-caption text-semantic-warning-ink">An agent was tried again since: this is about its earlier result.</p>}
      <p className="text-caption text-neutral-shadow-ink">{[judge.model, plural(pairs, "pair"), cost].filter((part) => part != null).join(" · ")}</p>
      <ol className="divide-y rounded-md border bg-neutral-white">
        {ranking.map((place) => (
          <li key={place.variation_id} className="grid gap-1 px-sm py-sm text-caption">
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
              <span key={said}>{visible(said)}</span>
            ))}
          </li>
        ))}
      </ol>
    </div>
  );
}
