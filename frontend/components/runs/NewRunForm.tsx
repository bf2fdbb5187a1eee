"use client";

import { Play, SquareTerminal } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState, type FormEvent, type KeyboardEvent, type ReactNode } from "react";
import { useCreateRun } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { count } from "@/lib/format";
import { EXAMPLE, MAX_PROMPT, MAX_VARIATIONS, checkDraft, toRequest, type Draft } from "@/lib/new-run";
import type { Run } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { InputField, TextField } from "../ui/field";
import { Segmented } from "../ui/segmented";
import { RepositoryState, Suggestion } from "./RepositoryHelp";

const COUNTS = Array.from({ length: MAX_VARIATIONS }, (_, index) => ({ value: index + 1, label: String(index + 1) }));

/** Starts a run. What the server finds wrong is said at the field it is about. */
export function NewRunForm({ steps, lastRun }: { steps: ReactNode; lastRun: Run | undefined }) {
  const router = useRouter();
  const create = useCreateRun();
  const [draft, setDraft] = useState<Draft>({ repository: "", ref: "", prompt: "", variations: 3, model: "", checks: "" });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  // What was last asked of the repository check: a field that was left, not each key.
  const [asked, setAsked] = useState({ url: "", ref: "" });
  // The same submission sent twice starts one run.
  const [idempotencyKey, setIdempotencyKey] = useState(newKey);

  const set = <K extends keyof Draft>(field: K, value: Draft[K]) => {
    setDraft((before) => ({ ...before, [field]: value }));
    setIdempotencyKey(newKey());
  };
  const fill = (values: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...values }));
    setIdempotencyKey(newKey());
  };
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

  const shown = new Set(["github_url", "ref", "prompt", "agent_config", "checks"]);
  const elsewhere = create.isError && !Object.keys(wrong).some((field) => shown.has(field));

  return (
    <form noValidate onSubmit={onSubmit} onKeyDown={onKeyDown} aria-label="New run" className="grid items-start gap-lg lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Card className="divide-y shadow-md">
        <div className="grid gap-md p-md md:p-lg">
          <div className="grid items-start gap-md md:grid-cols-[minmax(0,1fr)_13rem]">
            <InputField
              label="Repository"
              type="url"
              inputMode="url"
              autoComplete="url"
              spellCheck={false}
              placeholder={EXAMPLE.repository}
              value={draft.repository}
              onChange={(event) => set("repository", event.target.value)}
              onBlur={() => setAsked({ url: draft.repository.trim(), ref: draft.ref.trim() })}
              error={wrong.github_url}
              help={
                <>
                  {draft.repository.trim() === "" && <Suggestion lastRun={lastRun} onFill={fill} />}
                  {draft.repository.trim() === asked.url && draft.ref.trim() === asked.ref && <RepositoryState url={asked.url} gitRef={asked.ref} />}
                </>
              }
            />
            <InputField
              label="Branch, tag or commit"
              spellCheck={false}
              placeholder="default branch"
              value={draft.ref}
              onChange={(event) => set("ref", event.target.value)}
              onBlur={() => setAsked({ url: draft.repository.trim(), ref: draft.ref.trim() })}
              error={wrong.ref}
            />
          </div>
          <TextField
            label="Prompt"
            rows={5}
            placeholder={EXAMPLE.prompt}
            value={draft.prompt}
            onChange={(event) => set("prompt", event.target.value)}
            error={wrong.prompt}
            help={
              <span className="flex justify-between gap-md">
                <span>All agents get the same prompt and the same commit.</span>
                <span className="whitespace-nowrap tabular-nums">
                  {count(draft.prompt.length)} / {count(MAX_PROMPT)}
                </span>
              </span>
            }
          />
        </div>
        <div className="flex flex-wrap items-center justify-between gap-md p-md md:px-lg">
          <div>
            <p className="font-medium">Variations</p>
            <p className="text-caption text-neutral-shadow-ink">Agents that do the same work, each with a temperature of its own.</p>
          </div>
          <Segmented label="Variations" name="variations" options={COUNTS} value={draft.variations} onChange={(value) => set("variations", value)} />
        </div>
        <div className="grid items-start gap-md p-md md:grid-cols-2 md:p-lg">
          <TextField
            label="Checks"
            aside="run in every agent’s tree when it is done"
            rows={2}
            spellCheck={false}
            className="min-h-16 font-mono text-caption max-md:text-body"
            placeholder={EXAMPLE.checks}
            value={draft.checks}
            onChange={(event) => set("checks", event.target.value)}
            error={wrong.checks}
            help="One shell command a line."
          />
          <InputField
            label="Model"
            spellCheck={false}
            placeholder="the server’s default"
            value={draft.model}
            onChange={(event) => set("model", event.target.value)}
            error={wrong.agent_config}
            help="For example openai/gpt-4o-mini"
          />
        </div>
      </Card>
      <div className="grid gap-md md:grid-cols-2 lg:sticky lg:top-[4.25rem] lg:grid-cols-1">
        <Card className="grid content-start gap-md p-md">
          {elsewhere && <Alert tone="error">{create.error.message}</Alert>}
          <Button type="submit" variant="primary" size="lg" disabled={create.isPending || create.isSuccess}>
            <Play aria-hidden />
            {create.isPending || create.isSuccess ? "Starting…" : "Start Generation"}
          </Button>
          <p className="text-center text-caption text-neutral-shadow-ink">Ctrl or ⌘ + Enter starts from anywhere</p>
        </Card>
        {steps}
        <Card aria-labelledby="applied">
          <CardHeader id="applied" title="What will be applied" icon={<SquareTerminal aria-hidden />} />
          <pre className="p-3 text-caption whitespace-pre-wrap">
            <span className="text-neutral-shadow-ink">$ kubectl apply --server-side -f -</span>
            {"\nsecret/run-… "}
            <span className="text-neutral-shadow-ink">prompt, settings</span>
            {Array.from({ length: draft.variations }, (_, index) => `\njob.batch/agent-run-…-${index}`).join("")}
          </pre>
        </Card>
      </div>
    </form>
  );
}

/** 128 random bits; `crypto.randomUUID` exists only on https and localhost. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
