"use client";

import { Check, TriangleAlert, X } from "lucide-react";
import type { ReactNode } from "react";
import { useHue, useWords } from "@/hooks/useBlind";
import { dollars, plural, short } from "@/lib/format";
import type { VariationState } from "@/lib/run-state";
import type { Run } from "@/lib/types";
import { cn } from "@/lib/utils";
import { checkCommands, passed } from "@/lib/verdict";
import { Additions } from "../agents/AgentFacts";
import { FollowUpLink } from "../agents/FollowUpLink";
import { RetryButton } from "../agents/RetryButton";
import { SelectButton } from "../agents/SelectButton";
import { canSelect, elapsed, statusWord } from "../agents/words";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { Status } from "../ui/status";
import { WhoCell } from "../agents/Who";

/** Checks that get a column of their own; with more there is one for all of them. */
const OWN_COLUMNS = 2;

interface VerdictTableProps {
  run: Run;
  /** Best evidence first. */
  ranked: readonly VariationState[];
  /** Tests that were there before and that a variation changed; null while its patch is not known. */
  testsEdited: (id: number) => number | null;
  blind: boolean;
  /** Whose change is shown. */
  shown: number | null;
  selected: number | null;
  now: number;
  /** A variation is tried again: the run goes on. */
  onRetried: () => void;
  onShow: (id: number) => void;
  /** What belongs in the head of the table. */
  children: ReactNode;
}

/** The evidence side by side, best first, and the rule of that order in its head. */
export function VerdictTable({ run, ranked, testsEdited, blind, shown, selected, now, onRetried, onShow, children }: VerdictTableProps) {
  const commands = checkCommands(ranked);
  const own = commands.length <= OWN_COLUMNS ? commands : [];
  const priced = !blind && ranked.some(({ usage }) => usage?.cost_usd != null);
  const running = ranked.filter((variation) => variation.endedAt === null || !variation.complete).map(({ id }) => id);
  return (
    <Card aria-labelledby="verdict">
      <CardHeader id="verdict" title="Verdict" note="Sorted by checks passed, then tests untouched, then smaller diff. Speed never ranks.">
        {children}
      </CardHeader>
      <div className="overflow-x-auto" role="group" aria-labelledby="verdict" tabIndex={0}>
        {/* The roles again in words: on a phone the rows are drawn as cards, and a browser may then forget that this is a table. */}
        <table role="table" aria-labelledby="verdict" className="w-full tabular-nums max-md:block">
          <thead role="rowgroup" className="max-md:sr-only">
            <tr role="row" className="border-b text-left text-caption whitespace-nowrap text-neutral-shadow-ink [&>th]:px-1.5 xl:[&>th]:px-3 [&>th]:py-sm [&>th]:font-medium [&>th:first-child]:pl-md">
              <Head>Agent</Head>
              <Head>Status</Head>
              {own.map((command) => (
                <Head key={command}>
                  <code className="inline-block max-w-48 truncate align-bottom" title={command}>
                    {command}
                  </code>
                </Head>
              ))}
              {own.length === 0 && <Head>Checks</Head>}
              <Head>Tests</Head>
              <Head right>Files</Head>
              <Head right>Lines</Head>
              {!blind && <Head right>Time</Head>}
              {!blind && <Head right>Tokens</Head>}
              {priced && <Head right>Cost</Head>}
              <Head right>
                <span className="sr-only">Actions</span>
              </Head>
            </tr>
          </thead>
          <tbody role="rowgroup" className="max-md:block">
            {ranked.map((variation) => (
              <Row
                key={variation.id}
                run={run}
                variation={variation}
                commands={own}
                tests={testsEdited(variation.id)}
                blind={blind}
                priced={priced}
                shown={variation.id === shown}
                selected={variation.id === selected}
                running={running.filter((id) => id !== variation.id)}
                now={now}
                onRetried={onRetried}
                onShow={() => onShow(variation.id)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Head({ right = false, children }: { right?: boolean; children: ReactNode }) {
  return (
    <th scope="col" role="columnheader" className={right ? "text-right" : undefined}>
      {children}
    </th>
  );
}

interface RowProps {
  run: Run;
  variation: VariationState;
  /** The checks that have a column of their own. */
  commands: readonly string[];
  tests: number | null;
  blind: boolean;
  priced: boolean;
  shown: boolean;
  selected: boolean;
  /** The others that have not ended. */
  running: number[];
  now: number;
  onRetried: () => void;
  onShow: () => void;
}

const quiet = "text-caption text-neutral-shadow-ink";

function Row({ run, variation, commands, tests, blind, priced, shown, selected, running, now, onRetried, onShow }: RowProps) {
  const { id, checks, patch, usage } = variation;
  const hue = useHue();
  const words = useWords();
  const instructions = run.variations.find((each) => each.variation_id === id)?.instructions ?? null;
  return (
    <tr
      role="row"
      {...hue(id)}
      aria-current={shown ? "true" : undefined}
      className={cn(
        "border-b last:border-b-0 hover:bg-neutral-white max-md:grid max-md:grid-cols-10 max-md:gap-x-sm max-md:gap-y-sm max-md:px-md max-md:py-3 md:[&>*]:h-13 md:[&>*]:px-1.5 xl:[&>*]:px-3 md:[&>*:first-child]:pl-md md:[&>*:last-child]:pr-md",
        selected && "bg-neutral-white shadow-[inset_4px_0_0_hsl(var(--a))]",
      )}
    >
      <th scope="row" role="rowheader" className="min-w-0 text-left font-normal max-md:col-span-6">
        <WhoCell variation={variation} instructions={instructions} />
      </th>
      <Cell className="max-md:col-span-4 max-md:justify-self-end">
        <Status status={variation.status} word={variation.status === "failed" ? (variation.reason ?? undefined) : statusWord(variation)} />
      </Cell>
      {commands.map((command) => (
        <Cell key={command} label={command}>
          <CheckCell variation={variation} command={command} />
        </Cell>
      ))}
      {commands.length === 0 && (
        <Cell label="Checks">
          {checks.length === 0 ? <span className={quiet}>none</span> : <Outcome ok={passed(variation) === checks.length}>{`${passed(variation)} of ${checks.length} passed`}</Outcome>}
        </Cell>
      )}
      <Cell label="Tests">
        <Tests patch={patch !== null} edited={tests} />
      </Cell>
      <Cell label="Files" right>
        {patch?.files ?? <span className={quiet}>–</span>}
      </Cell>
      <Cell label="Lines" right>
        {patch === null ? <span className={quiet}>no change</span> : <Additions patch={patch} />}
      </Cell>
      {!blind && (
        <Cell label="Time" right>
          {elapsed(variation, now)}
        </Cell>
      )}
      {!blind && (
        <Cell label="Tokens" right>
          {usage === null ? <span className={quiet}>–</span> : short(usage.input_tokens + usage.output_tokens)}
        </Cell>
      )}
      {priced && (
        <Cell label="Cost" right>
          {usage?.cost_usd == null ? <span className={quiet}>unknown</span> : dollars(usage.cost_usd)}
        </Cell>
      )}
      <Cell className="max-md:col-span-10">
        <span className="flex items-center justify-end gap-sm">
          {patch !== null && (
            <Button size="sm" aria-pressed={shown} onClick={onShow} aria-label={`Show the change of ${words(id)}`}>
              Diff
            </Button>
          )}
          <FollowUpLink runId={run.run_id} variation={variation} />
          {!canSelect(variation) && <RetryButton runId={run.run_id} variation={variation} onRetried={onRetried} />}
          {canSelect(variation) && <SelectButton runId={run.run_id} variation={id} selected={selected} running={running} quiet />}
        </span>
      </Cell>
    </tr>
  );
}

/** A cell; on a phone it says which column it is of. */
function Cell({ label, right = false, className, children }: { label?: string; right?: boolean; className?: string; children: ReactNode }) {
  return (
    <td role="cell" className={cn("whitespace-nowrap", right ? "max-md:col-span-2 max-md:whitespace-normal md:text-right" : "max-md:col-span-5", label !== undefined && "max-md:grid max-md:min-w-0 max-md:content-start", className)}>
      {label !== undefined && (
        <span aria-hidden className="truncate text-caption text-neutral-shadow-ink md:hidden">
          {label}
        </span>
      )}
      {children}
    </td>
  );
}

function Outcome({ ok, children }: { ok: boolean; children: ReactNode }) {
  const Icon = ok ? Check : X;
  return (
    <span className="inline-flex items-center gap-1.5 text-caption font-medium">
      <Icon aria-hidden className={cn("size-3.5 shrink-0", ok ? "text-semantic-success-ink" : "text-semantic-error-ink")} />
      {children}
    </span>
  );
}

function CheckCell({ variation, command }: { variation: VariationState; command: string }) {
  const check = variation.checks.find((each) => each.command === command);
  if (check === undefined) return <span className={quiet}>{variation.complete ? "did not run" : "not yet"}</span>;
  const ok = check.exit_code === 0;
  return <Outcome ok={ok}>{ok ? "passed" : check.exit_code == null ? "killed" : `failed, exit ${check.exit_code}`}</Outcome>;
}

function Tests({ patch, edited }: { patch: boolean; edited: number | null }) {
  if (!patch) return <span className={quiet}>no patch</span>;
  if (edited === null) return <span className={quiet}>…</span>;
  if (edited === 0) return <span className={quiet}>untouched</span>;
  return (
    <span className="inline-flex items-center gap-1.5 text-caption font-medium">
      <TriangleAlert aria-hidden className="size-3.5 shrink-0 text-semantic-warning-ink" />
      {plural(edited, "test file")} edited
    </span>
  );
}
