"use client";

import { KeyRound } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useApiKeys, useCreateApiKey, useRevokeApiKey } from "@/hooks/useAPI";
import { ago } from "@/lib/format";
import type { ApiKey } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { CopyLine } from "../ui/copy";
import { Confirm } from "../ui/dialog";
import { InputField } from "../ui/field";

/** API keys: made here, shown once, revoked here. */
export function ApiKeys() {
  const keys = useApiKeys();
  const create = useCreateApiKey();
  const revoke = useRevokeApiKey();
  const [name, setName] = useState("");
  const [leaving, setLeaving] = useState<ApiKey | null>(null);
  const failure = keys.error ?? create.error ?? revoke.error;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(name.trim() === "" ? "API key" : name.trim(), { onSuccess: () => setName("") });
  };

  return (
    <Card aria-labelledby="keys">
      <CardHeader id="keys" title="API keys" icon={<KeyRound aria-hidden />} />
      <div className="grid gap-md p-md">
        <form onSubmit={submit} className="flex flex-wrap items-end gap-sm">
          <div className="w-full max-w-sm">
            <InputField label="Name" placeholder="laptop" value={name} onChange={(event) => setName(event.target.value)} />
          </div>
          <Button type="submit" variant="primary" className="min-h-10" disabled={create.isPending}>
            Create key
          </Button>
        </form>
        {failure !== null && <Alert tone="error">{failure.message}</Alert>}
        {create.data !== undefined && <NewKey secret={create.data.api_key} />}
        {keys.data?.length === 0 && <p className="text-neutral-shadow-ink">No keys yet. Programs send one as the header X-API-Key.</p>}
        {keys.data !== undefined && keys.data.length > 0 && (
          <ul className="divide-y rounded-md border bg-neutral-white">
            {keys.data.map((key) => (
              <li key={key.id} className="flex flex-wrap items-center gap-x-md gap-y-xs px-3 py-sm">
                <span className="font-medium">{key.name ?? key.id}</span>
                {key.prefix && <code className="text-caption text-neutral-shadow-ink">{key.prefix}…</code>}
                <span className="text-caption text-neutral-shadow-ink">
                  made {ago(key.created_at)}, {key.last_used_at ? `used ${ago(key.last_used_at)}` : "never used"}
                </span>
                <Button variant="danger" size="sm" className="ml-auto" aria-label={`Revoke ${key.name ?? key.id}`} onClick={() => setLeaving(key)}>
                  Revoke
                </Button>
              </li>
            ))}
          </ul>
        )}
      </div>
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

function NewKey({ secret }: { secret: string }) {
  return (
    <div className="grid gap-sm rounded-md border border-semantic-success/40 bg-semantic-success/10 p-md">
      <p className="font-medium">Copy the key now: it is not shown again.</p>
      <CopyLine wrap command={`export AIDEATOR_API_KEY=${secret}`} label="Copy the key" />
      <CopyLine wrap command={`curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" ${window.location.origin}/api/v1/runs`} label="Copy the curl line" />
    </div>
  );
}
