"use client";

import { CircleDashed, ShieldCheck, TriangleAlert } from "lucide-react";
import { useBlind } from "@/hooks/useBlind";
import { hashLogs } from "@/lib/commands";
import { count, plural } from "@/lib/format";
import { gapsOf, proofOf, type Proof, type RunState, type VariationState } from "@/lib/run-state";
import type { Run } from "@/lib/types";
import { Mark } from "../agents/Who";
import { Card } from "../ui/card";
import { CopyButton } from "../ui/copy";

const PROOFS: Record<Proof, { icon: typeof ShieldCheck; ink: string; text: string }> = {
  same: { icon: ShieldCheck, ink: "text-semantic-success-ink", text: "same bytes" },
  differs: { icon: TriangleAlert, ink: "text-semantic-error-ink", text: "differs" },
  open: { icon: CircleDashed, ink: "text-neutral-shadow-ink", text: "not ended" },
};

/** What arrived here beside what the server says it stored, log by log: the proof of the badge. */
export default function IntegrityPanel({ run, state }: { run: Run; state: RunState }) {
  return (
    <Card aria-label="Stream integrity" className="mb-md">
      <p className="border-b px-md py-sm text-caption text-neutral-shadow-ink">
        This page counts and hashes every line as it arrives. When an agent has ended, the server tells the same figures of what it stored: both must agree.
      </p>
      <div tabIndex={0} role="group" aria-label="Figures" className="relative overflow-x-auto -outline-offset-2">
        <table className="w-full text-caption tabular-nums">
          <thead>
            <tr className="border-b text-left whitespace-nowrap text-neutral-shadow-ink [&>th]:px-md [&>th]:py-xs [&>th]:font-medium">
              <th scope="col">Agent</th>
              <th scope="col">Received here</th>
              <th scope="col">Stored by the server</th>
              <th scope="col">SHA-256</th>
              <th scope="col">Verdict</th>
              <th scope="col">The same with kubectl</th>
            </tr>
          </thead>
          <tbody>
            {state.variations.map((variation) => (
              <Figures key={variation.id} variation={variation} namespace={run.namespace} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Figures({ variation, namespace }: { variation: VariationState; namespace: string }) {
  const { id, told, received, lines, missing } = variation;
  const blind = useBlind() !== null;
  const proof = PROOFS[proofOf(variation)];
  const gaps = gapsOf(variation);
  const Icon = proof.icon;
  const command = hashLogs(variation.jobName, namespace);
  return (
    <tr className="border-b whitespace-nowrap last:border-b-0 [&>td]:px-md [&>td]:py-xs">
      <th scope="row" className="px-md py-xs text-left">
        <Mark agent={id} />
      </th>
      <td>
        {plural(lines, "line")}
        {received !== null && <>, {count(received.bytes)} bytes</>}
      </td>
      <td>{told === null ? "not told yet" : `${plural(told.lines, "line")}, ${count(told.bytes)} bytes`}</td>
      <td className="font-mono">
        {received === null ? "" : `${received.sha256.slice(0, 12)}…`}
        {told !== null && received !== null && received.sha256 !== told.sha256 && <> here, {told.sha256.slice(0, 12)}… there</>}
      </td>
      <td>
        <span className="inline-flex items-center gap-1.5 font-medium">
          <Icon aria-hidden className={`size-3.5 ${proof.ink}`} />
          {proof.text}
          {gaps > 0 && (
            <span className="font-normal text-neutral-shadow-ink">
              , {plural(gaps, "gap")}
              {missing > 0 && ` (${plural(missing, "line")})`}
            </span>
          )}
        </span>
      </td>
      <td>
        {!blind && <CopyButton size="icon-sm" text={command} label={`Copy: ${command}`} />}
      </td>
    </tr>
  );
}
