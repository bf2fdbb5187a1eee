"use client";

import { KeyRound } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useApiKeys, useCreateApiKey, useRevokeApiKey } from "@/hooks/useAPI";
import { ago } from "@/lib/format";
import type { ApiKey, NewApiKey, Scope } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { CopyLine } from "../ui/copy";
import { Confirm } from "../ui/dialog";
import { InputField } from "../ui/field";
import { Label } from "../ui/label";
import { Select } from "../ui/select";
import { ShownOnce } from "../ui/shown-once";

const MAY: Record<Scope, string> = { "runs:read": "read runs", "runs:create": "start and select", "runs:cancel": "cancel" };
const SCOPES = Object.keys(MAY) as Scope[];
const LIFETIMES = [
  { days: 30, text: "30 days" },
  { days: 90, text: "90 days" },
  { days: 365, text: "a year" },
  { days: null, text: "no end" },
] as const;

/** API keys: made here, shown once, revoked here. */
export function ApiKeys() {
  const keys = useApiKeys();
  const create = useCreateApiKey();
  const revoke = useRevokeApiKey();
  const [leaving, setLeaving] = useState<ApiKey | null>(null);
  const failure = keys.error ?? revoke.error;

  return (
    <Card aria-labelledby="keys">
      <CardHeader id="keys" title="API keys" icon={<KeyRound aria-hidden />} />
      <div className="grid gap-md p-md">
        <p className="max-w-[46rem] text-neutral-shadow-ink">
          Programs send one as the header <code className="text-neutral-charcoal">X-API-Key</code>. A key is shown once, when it is made; the server keeps only its hash.
        </p>
        <KeyForm create={create} />
        {failure !== null && <Alert tone="error">{failure.message}</Alert>}
        {keys.data?.length === 0 && <p className="rounded-md border border-dashed px-3 py-sm text-neutral-shadow-ink">No keys yet.</p>}
        {keys.data !== undefined && keys.data.length > 0 && (
          <ul aria-label="API keys" className="divide-y rounded-md border bg-neutral-white">
            {keys.data.map((key) => (
              <KeyRow key={key.id} apiKey={key} onRevoke={() => setLeaving(key)} />
            ))}
          </ul>
        )}
      </div>
      <NewKey made={create.data} onClose={create.reset} />
      <Confirm
        open={leaving !== null}
        onOpenChange={(open) => {
          if (!open) setLeaving(null);
        }}
        title={`Revoke ${leaving?.name ?? "this key"}?`}
        action="Revoke"
        onConfirm={() => {
          if (leaving !== null) revoke.mutate(leaving.id);
        }}
      >
        Programs that use it are refused from now on.
      </Confirm>
    </Card>
  );
}

function KeyForm({ create }: { create: ReturnType<typeof useCreateApiKey> }) {
  const [name, setName] = useState("");
  const [days, setDays] = useState<number | null>(90);
  const [scopes, setScopes] = useState<readonly Scope[]>(SCOPES);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name: name.trim() === "" ? "API key" : name.trim(), scopes: [...scopes], expires_in_days: days }, { onSuccess: () => setName("") });
  };
  return (
    <form onSubmit={submit} aria-label="New API key" className="grid gap-3">
      <div className="flex flex-wrap items-end gap-3">
        <div className="w-full max-w-sm">
          <InputField label="Name" placeholder="laptop" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        </div>
        <div className="grid gap-1.5">
          <Label htmlFor="key-days">Ends after</Label>
          <Select id="key-days" className="w-auto" value={days ?? ""} onChange={(event) => setDays(event.target.value === "" ? null : Number(event.target.value))}>
            {LIFETIMES.map((lifetime) => (
              <option key={lifetime.text} value={lifetime.days ?? ""}>
                {lifetime.text}
              </option>
            ))}
          </Select>
        </div>
        <Button type="submit" variant="primary" className="min-h-10" disabled={create.isPending || scopes.length === 0}>
          Create key
        </Button>
      </div>
      <fieldset className="flex flex-wrap items-center gap-x-md gap-y-xs">
        <legend className="sr-only">What it may do</legend>
        <span aria-hidden className="text-neutral-shadow-ink">
          It may
        </span>
        {SCOPES.map((scope) => (
          <label key={scope} className="inline-flex min-h-7 cursor-pointer items-center gap-1.5 pointer-coarse:min-h-11">
            <input
              type="checkbox"
              className="size-4 accent-[hsl(var(--ai-primary-ink))]"
              checked={scopes.includes(scope)}
              onChange={(event) => setScopes(SCOPES.filter((each) => (each === scope ? event.target.checked : scopes.includes(each))))}
            />
            {MAY[scope]}
          </label>
        ))}
      </fieldset>
      {create.isError && <Alert tone="error">{create.error.message}</Alert>}
    </form>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const name = apiKey.name;
  return (
    <li className="flex flex-wrap items-center gap-x-md gap-y-xs px-3 py-sm">
      <span className="min-w-0 font-medium">{name}</span>
      <code className="text-caption text-neutral-shadow-ink">{apiKey.prefix}…</code>
      <span className="min-w-0 text-caption text-neutral-shadow-ink">
        {apiKey.scopes.map((scope) => MAY[scope]).join(", ")} · made {ago(apiKey.created_at)} · {apiKey.last_used_at ? `used ${ago(apiKey.last_used_at)}` : "never used"} · {end(apiKey)}
      </span>
      <Button variant="danger" size="sm" className="ml-auto" aria-label={`Revoke ${name}`} onClick={onRevoke}>
        Revoke
      </Button>
    </li>
  );
}

function end({ expires_at: at }: ApiKey): string {
  if (at == null) return "no end";
  const day = new Date(at).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
  return Date.parse(at) < Date.now() ? `ended ${day}` : `ends ${day}`;
}

/** The key, with what can be done with it. */
function NewKey({ made, onClose }: { made: NewApiKey | undefined; onClose: () => void }) {
  return (
    <ShownOnce
      made={made}
      icon={KeyRound}
      title="Your new API key"
      warning={
        <>
          <b className="font-semibold">Copy it now.</b> It is shown once and stored only as a hash.
        </>
      }
      onClose={onClose}
    >
      {(shown) => (
        <>
          <CopyLine wrap command={`export AIDEATOR_API_KEY=${shown.api_key}`} label="Copy the key" />
          <p className="text-caption text-neutral-shadow-ink">Then, for example:</p>
          <CopyLine wrap command={`curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" ${window.location.origin}/api/v1/runs`} label="Copy the curl line" />
          <dl className="grid gap-xs text-caption [&_dt]:text-neutral-shadow-ink [&>div]:flex [&>div]:justify-between [&>div]:gap-md">
            <div>
              <dt>Name</dt>
              <dd>{shown.key_info.name}</dd>
            </div>
            <div>
              <dt>May</dt>
              <dd>{shown.key_info.scopes.map((scope) => MAY[scope]).join(", ")}</dd>
            </div>
            <div>
              <dt>Life</dt>
              <dd>{end(shown.key_info)}</dd>
            </div>
          </dl>
        </>
      )}
    </ShownOnce>
  );
}
