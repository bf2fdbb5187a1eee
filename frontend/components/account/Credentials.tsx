"use client";

import { LockKeyhole } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useCreateCredential, useCredentials, useDeleteCredential } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { ago } from "@/lib/format";
import type { Credential, CredentialKind } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { Confirm } from "../ui/dialog";
import { InputField } from "../ui/field";
import { Segmented } from "../ui/segmented";

const KINDS = [
  { value: "git", label: "Git host" },
  { value: "provider", label: "Model provider" },
] as const satisfies readonly { value: CredentialKind; label: string }[];

/** Tokens of one's own that runs are given: for private repositories, and for a provider. */
export function Credentials() {
  const credentials = useCredentials();
  const remove = useDeleteCredential();
  const [leaving, setLeaving] = useState<Credential | null>(null);
  const failure = credentials.error ?? remove.error;
  return (
    <Card aria-labelledby="credentials">
      <CardHeader id="credentials" title="Credentials" icon={<LockKeyhole aria-hidden />} />
      <div className="grid gap-md p-md">
        <p className="max-w-[46rem] text-neutral-shadow-ink">
          A git token opens your private repositories on its host; a provider key pays for the models of your runs in place of the server’s. They are encrypted, given to your runs only, and never shown again.
        </p>
        <CredentialForm />
        {failure !== null && <Alert tone="error">{failure.message}</Alert>}
        {credentials.data?.length === 0 && <p className="rounded-md border border-dashed px-3 py-sm text-neutral-shadow-ink">None stored.</p>}
        {credentials.data !== undefined && credentials.data.length > 0 && (
          <ul aria-label="Credentials" className="divide-y rounded-md border bg-neutral-white">
            {credentials.data.map((credential) => (
              <li key={credential.id} className="flex flex-wrap items-center gap-x-md gap-y-xs px-3 py-sm">
                <span className="min-w-0 font-medium">{nameOf(credential)}</span>
                <span className="min-w-0 text-caption text-neutral-shadow-ink">
                  {credential.username != null && `as ${credential.username} · `}stored {ago(credential.created_at)} · {credential.last_used_at == null ? "never used" : `used ${ago(credential.last_used_at)}`}
                </span>
                {!credential.readable && <span className="text-caption text-semantic-error-ink">The server can no longer read it: store it again.</span>}
                <Button variant="danger" size="sm" className="ml-auto" aria-label={`Delete ${nameOf(credential)}`} onClick={() => setLeaving(credential)}>
                  Delete
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
        title={`Delete ${leaving === null ? "it" : nameOf(leaving)}?`}
        action="Delete"
        onConfirm={() => {
          if (leaving !== null) remove.mutate(leaving.id);
        }}
      >
        Runs that you start from now on do without it.
      </Confirm>
    </Card>
  );
}

const nameOf = ({ kind, host }: Credential): string => (kind === "git" ? `Git token for ${host ?? "a host"}` : "Provider key");

function CredentialForm() {
  const create = useCreateCredential();
  const [kind, setKind] = useState<CredentialKind>("git");
  const [host, setHost] = useState("");
  const [username, setUsername] = useState("");
  const [token, setToken] = useState("");
  const wrong = create.error instanceof ApiError ? create.error.fields : {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const git = { host: host.trim(), ...(username.trim() === "" ? {} : { username: username.trim() }) };
    create.mutate({ kind, token, ...(kind === "git" ? git : {}) }, { onSuccess: () => setToken("") });
  };
  return (
    <form onSubmit={submit} aria-label="New credential" autoComplete="off" className="grid justify-items-start gap-3">
      <Segmented label="What for" name="credential-kind" options={KINDS} value={kind} onChange={setKind} />
      <div className="flex w-full flex-wrap items-start gap-3 [&>div]:w-full [&>div]:max-w-[17rem] max-md:[&>div]:max-w-none">
        {kind === "git" && (
          <>
            <div>
              <InputField label="Host" placeholder="github.com" spellCheck={false} autoCapitalize="none" value={host} onChange={(event) => setHost(event.target.value)} error={wrong.host} />
            </div>
            <div>
              <InputField label="User name" placeholder="x-access-token" spellCheck={false} autoCapitalize="none" value={username} onChange={(event) => setUsername(event.target.value)} error={wrong.username} />
            </div>
          </>
        )}
        <div>
          <InputField label={kind === "git" ? "Token" : "Key"} type="password" autoComplete="new-password" value={token} onChange={(event) => setToken(event.target.value)} error={wrong.token} />
        </div>
      </div>
      {create.isError && Object.keys(wrong).length === 0 && <Alert tone="error">{create.error.message}</Alert>}
      <Button type="submit" variant="primary" className="min-h-10" disabled={create.isPending || token === "" || (kind === "git" && host.trim() === "")}>
        Store
      </Button>
    </form>
  );
}
