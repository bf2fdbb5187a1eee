"use client";

import { Play, SquareTerminal } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useId, useState, type FormEvent, type KeyboardEvent, type ReactNode } from "react";
import { useCreateRun, useModels, useRepository } from "@/hooks/useAPI";
import { useDebounced } from "@/hooks/useDebounced";
import { writeStored } from "@/hooks/useStored";
import { ApiError } from "@/lib/api";
import { expectedCost, total, typicalSeconds, usages } from "@/lib/estimate";
import { count } from "@/lib/format";
import { EXAMPLE, MAX_PROMPT, MAX_VARIATIONS, TEMPLATES, checkDraft, draftKey, fromRun, toRequest, type Draft, type VariantDraft } from "@/lib/new-run";
import type { Run } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { InputField, TextField } from "../ui/field";
import { Segmented } from "../ui/segmented";
import { Select } from "../ui/select";
import { CostPanel } from "./CostPanel";
import { StartsFrom } from "./StartsFrom";
import { RepositoryState, refusal } from "./RepositoryHelp";
import { VariantRows } from "./VariantRows";

const COUNTS = Array.from({ length: MAX_VARIATIONS }, (_, index) => ({ value: index + 1, label: String(index + 1) }));
/** The repository is asked when one has stopped typing. */
const TYPING_MS = 600;

interface NewRunFormProps {
  /** Whose draft it is. */
  account: string;
  initial: Draft;
  /** Newest first: what a new run is judged by. */
  runs: readonly Run[];
  steps: ReactNode;
}

/** Starts a run. What the server finds wrong is said at the field it is about. */
export function NewRunForm({ account, initial, runs, steps }: NewRunFormProps) {
  const router = useRouter();
  const create = useCreateRun();
  const models = useModels();
  const [draft, setDraft] = useState(initial);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  // The same submission sent twice starts one run.
  const [idempotencyKey, setIdempotencyKey] = useState(newKey);
  const branches = useId();

  const fill = (values: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...values }));
    setIdempotencyKey(newKey());
    if (create.isError) create.reset();
  };
  const fillVariant = (index: number, values: Partial<VariantDraft>) =>
    fill({ variants: draft.variants.map((variant, at) => (at === index ? { ...variant, ...values } : variant)) });
  const started = create.isSuccess;
  useEffect(() => writeStored(draftKey(account), started ? null : JSON.stringify(draft)), [account, draft, started]);

  const typed = { url: draft.repository.trim(), ref: draft.ref.trim() };
  const asked = useDebounced(`${typed.url} ${typed.ref}`, TYPING_MS);
  // What the base is on.
  const fixed = draft.base !== null;
  const complete = !fixed && /^https?:\/\/[^/\s]+\/[^\s]+$/.test(typed.url) && asked === `${typed.url} ${typed.ref}`;
  const repository = useRepository(typed.url, typed.ref, complete);
  const refused = refusal(complete ? repository.error : null);
  // The branches of the repository, also while the ref is one that it does not have.
  const known = useRepository(typed.url, "", complete && typed.ref !== "");

  const submit = () => {
    const found = checkDraft(draft);
    setWrong(found);
    if (Object.keys(found).length > 0 || create.isPending || create.isSuccess) return;
    create.mutate(
      { body: toRequest(draft), idempotencyKey },
      {
        onSuccess: (run) => router.push(`/stream?run=${run.run_id}`),
        onError: (error) => setWrong(error instanceof ApiError ? error.fields : {}),
      },
    );
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit();
  };

  const shown = /^(base|github_url|ref|prompt|checks|variants|limits)/;
  const elsewhere = create.isError && !Object.keys(wrong).some((field) => shown.test(field));
  const variants = draft.variants.slice(0, draft.variations);
  const evidence = usages(runs);
  const priceOf = ({ model }: VariantDraft) => (models.data?.models.find(({ id }) => id === model.trim()) ?? (model === "" ? models.data?.models[0] : undefined))?.price ?? null;
  const costs = variants.map((variant) => expectedCost(priceOf(variant), evidence));
  const last = runs[0];

  return (
    <form noValidate onSubmit={onSubmit} onKeyDown={onKeyDown} aria-label="New run" className="grid items-start gap-lg lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Card className="divide-y shadow-md">
        <div className="grid gap-md p-md md:p-lg">
          {draft.base !== null && <StartsFrom base={draft.base} error={wrong.base} onRemove={() => fill({ base: null })} />}
          <div className="grid items-start gap-md md:grid-cols-[minmax(0,1fr)_13rem]">
            <InputField
              label="Repository"
              type="url"
              inputMode="url"
              autoComplete="url"
              spellCheck={false}
              placeholder={EXAMPLE.repository}
              value={draft.repository}
              readOnly={fixed}
              onChange={(event) => fill({ repository: event.target.value })}
              error={wrong.github_url}
              help={
                fixed ? (
                  "That run’s own, and its commit."
                ) : typed.url === "" ? (
                  <button
                    type="button"
                    className="text-ai-primary-ink underline underline-offset-2"
                    onClick={() => fill(last === undefined ? { repository: EXAMPLE.repository, prompt: EXAMPLE.prompt } : fromRun(last))}
                  >
                    {last === undefined ? "Fill in the example" : "Same as the last run"}
                  </button>
                ) : (
                  (complete || asked !== `${typed.url} ${typed.ref}`) && <RepositoryState repository={repository} gitRef={typed.ref} asking={!complete} />
                )
              }
            />
            <InputField
              label="Branch, tag or commit"
              list={branches}
              spellCheck={false}
              placeholder={repository.data?.default_branch ?? "default branch"}
              value={draft.ref}
              readOnly={fixed}
              onChange={(event) => fill({ ref: event.target.value })}
              error={wrong.ref ?? refused.ref}
            />
            <datalist id={branches}>
              {(known.data ?? repository.data)?.branches.map((branch) => (
                <option key={branch} value={branch} />
              ))}
            </datalist>
          </div>
          <TextField
            label="Prompt"
            action={<Templates onPick={(prompt) => fill({ prompt: draft.prompt.trim() === "" ? prompt : `${draft.prompt.trimEnd()}\n\n${prompt}` })} />}
            rows={5}
            placeholder={EXAMPLE.prompt}
            value={draft.prompt}
            onChange={(event) => fill({ prompt: event.target.value })}
            error={wrong.prompt}
            help={
              <span className="flex justify-between gap-md">
                <span>All agents get the same prompt and the same {fixed ? "result to go on from" : "commit"}.</span>
                <span className="whitespace-nowrap tabular-nums">
                  {count([...draft.prompt].length)} / {count(MAX_PROMPT)}
                </span>
              </span>
            }
          />
        </div>
        <div className="grid gap-md p-md md:p-lg">
          <div className="flex flex-wrap items-center justify-between gap-md md:flex-nowrap">
            <div>
              <p className="font-medium">Variations</p>
              <p className="text-caption text-neutral-shadow-ink">Different models disagree more usefully than different temperatures. What is left empty, the server spreads.</p>
            </div>
            <Segmented label="Variations" name="variations" options={COUNTS} value={draft.variations} onChange={(variations) => fill({ variations })} />
          </div>
          <VariantRows variants={variants} models={models.data ?? null} costs={costs} wrong={wrong} onChange={fillVariant} />
        </div>
        <div className="grid items-start gap-md p-md md:p-lg">
          <TextField
            label="Checks"
            aside="run in every agent’s tree when it is done"
            rows={1}
            spellCheck={false}
            className="min-h-10 font-mono text-caption max-md:text-body"
            placeholder={EXAMPLE.checks}
            value={draft.checks}
            onChange={(event) => fill({ checks: event.target.value })}
            error={wrong.checks}
            help="One shell command a line."
          />
          <div className="grid grid-cols-2 items-start gap-sm md:grid-cols-4 md:gap-md">
            <Limit label="Time limit" unit="min" value={draft.minutes} onChange={(minutes) => fill({ minutes })} error={wrong["limits.timeout_seconds"]} />
            <Limit label="Token limit" unit="each" value={draft.tokens} onChange={(tokens) => fill({ tokens })} error={wrong["limits.max_total_tokens"]} />
            <Limit label="Cost limit" unit="$ each" value={draft.cost} onChange={(cost) => fill({ cost })} error={wrong["limits.max_cost_usd"]} />
            <Limit label="Of the whole run" unit="$" value={draft.runCost} onChange={(runCost) => fill({ runCost })} error={wrong["limits.max_run_cost_usd"]} />
          </div>
          <p className="-mt-sm text-caption text-neutral-shadow-ink">What is left empty has the server’s limit.</p>
        </div>
      </Card>
      <div className="grid gap-md md:grid-cols-2 lg:sticky lg:top-[4.25rem] lg:grid-cols-1">
        <Card className="grid content-start gap-md p-md">
          <CostPanel draft={draft} cost={total(costs)} evidence={evidence.length} priced={variants.every((variant) => priceOf(variant) !== null)} seconds={typicalSeconds(runs)} />
          {elsewhere && <Alert tone="error">{create.error.message}</Alert>}
          <Button type="submit" variant="primary" size="lg" disabled={create.isPending || create.isSuccess}>
            <Play aria-hidden />
            {create.isPending || create.isSuccess ? "Starting…" : "Start Generation"}
          </Button>
          <p className="text-center text-caption text-neutral-shadow-ink">Ctrl or ⌘ + Enter starts from anywhere</p>
        </Card>
        {steps}
        <Plan variants={variants} />
      </div>
    </form>
  );
}

function Templates({ onPick }: { onPick: (prompt: string) => void }) {
  return (
    <Select
      aria-label="Insert a template"
      value=""
      onChange={(event) => onPick(TEMPLATES.find(({ name }) => name === event.target.value)?.prompt ?? "")}
      className="min-h-7 w-28 border-transparent bg-transparent text-caption font-medium"
    >
      <option value="" disabled>
        Templates
      </option>
      {TEMPLATES.map(({ name }) => (
        <option key={name}>{name}</option>
      ))}
    </Select>
  );
}

function Limit({ unit, onChange, ...props }: { label: string; unit: string; value: string; onChange: (value: string) => void; error: string | undefined }) {
  return (
    <div className="relative">
      <InputField {...props} inputMode="decimal" className="pr-12 tabular-nums" onChange={(event) => onChange(event.target.value)} />
      <span aria-hidden className="pointer-events-none absolute top-9 right-3 text-caption text-neutral-shadow-ink max-md:top-9.5 max-md:right-2">
        {unit}
      </span>
    </div>
  );
}

/** The objects that will be made, as kubectl will name them. */
function Plan({ variants }: { variants: readonly VariantDraft[] }) {
  return (
    <Card aria-labelledby="applied">
      <CardHeader id="applied" title="What will be applied" icon={<SquareTerminal aria-hidden />} />
      <pre className="p-3 text-caption whitespace-pre-wrap">
        <span className="text-neutral-shadow-ink">$ kubectl apply --server-side -f -</span>
        {"\nsecret/run-… "}
        <span className="text-neutral-shadow-ink">prompt, settings</span>
        {variants.map((variant, index) => (
          <span key={index}>
            {`\njob.batch/agent-run-…-${index} `}
            <span className="text-neutral-shadow-ink">{variant.command === "" ? variant.model : variant.command}</span>
          </span>
        ))}
      </pre>
    </Card>
  );
}

/** 128 random bits; `crypto.randomUUID` exists only on https and localhost. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
