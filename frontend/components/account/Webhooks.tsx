"use client";

import { Webhook as WebhookIcon } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useCreateWebhook, useWebhookAction, useWebhooks } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import type { NewWebhook, Webhook } from "@/lib/types";
import { isPinged, lastOf, placeOf } from "@/lib/webhook";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { CopyLine } from "../ui/copy";
import { Confirm } from "../ui/dialog";
import { InputField } from "../ui/field";
import { ShownOnce } from "../ui/shown-once";

/** Addresses that are told when a run has ended: added here, tried, and how the last delivery went. */
export function Webhooks() {
  const webhooks = useWebhooks();
  const create = useCreateWebhook();
  const remove = useWebhookAction("deleteWebhook");
  const test = useWebhookAction("testWebhook");
  const enable = useWebhookAction("enableWebhook");
  const [leaving, setLeaving] = useState<Webhook | null>(null);
  const failure = webhooks.error ?? remove.error ?? test.error ?? enable.error;
  return (
    <Card aria-labelledby="webhooks">
      <CardHeader id="webhooks" title="Webhooks" icon={<WebhookIcon aria-hidden />} />
      <div className="grid gap-md p-md">
        <p className="max-w-[46rem] text-neutral-shadow-ink">
          An address that is told, by a signed POST, when a run of yours has ended. What does not arrive is sent again for three days. Any library of Standard Webhooks can verify it.
        </p>
        <WebhookForm create={create} />
        {failure !== null && <Alert tone="error">{failure.message}</Alert>}
        {webhooks.data?.length === 0 && <p className="rounded-md border border-dashed px-3 py-sm text-neutral-shadow-ink">No webhooks yet.</p>}
        {webhooks.data !== undefined && webhooks.data.length > 0 && (
          <ul aria-label="Webhooks" className="divide-y rounded-md border bg-neutral-white">
            {webhooks.data.map((webhook) => (
              <WebhookRow
                key={webhook.id}
                webhook={webhook}
                onTest={() => test.mutate(webhook.id)}
                onEnable={() => enable.mutate(webhook.id)}
                onDelete={() => setLeaving(webhook)}
              />
            ))}
          </ul>
        )}
      </div>
      <NewSecret made={create.data} onClose={create.reset} />
      <Confirm
        open={leaving !== null}
        onOpenChange={(open) => {
          if (!open) setLeaving(null);
        }}
        title={`Delete ${leaving === null ? "it" : placeOf(leaving)}?`}
        action="Delete"
        onConfirm={() => {
          if (leaving !== null) remove.mutate(leaving.id);
        }}
      >
        Nothing is sent there any more, neither what waits.
      </Confirm>
    </Card>
  );
}

function WebhookForm({ create }: { create: ReturnType<typeof useCreateWebhook> }) {
  const [url, setUrl] = useState("");
  const [note, setNote] = useState("");
  const wrong = create.error instanceof ApiError ? create.error.fields : {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const clear = () => {
      setUrl("");
      setNote("");
    };
    create.mutate({ url: url.trim(), ...(note.trim() === "" ? {} : { description: note.trim() }) }, { onSuccess: clear });
  };
  return (
    <form onSubmit={submit} aria-label="New webhook" autoComplete="off" className="grid justify-items-start gap-3">
      <div className="flex w-full flex-wrap items-start gap-3 [&>div]:w-full max-md:[&>div]:max-w-none">
        <div className="max-w-sm">
          <InputField
            label="Address"
            type="url"
            placeholder="https://hooks.example.org/aideator"
            spellCheck={false}
            autoCapitalize="none"
            value={url}
            onChange={(event) => setUrl(event.target.value)}
            error={wrong.url}
          />
        </div>
        <div className="max-w-[17rem]">
          <InputField label="Note" placeholder="CI" maxLength={200} value={note} onChange={(event) => setNote(event.target.value)} error={wrong.description} />
        </div>
      </div>
      {create.isError && Object.keys(wrong).length === 0 && <Alert tone="error">{create.error.message}</Alert>}
      <Button type="submit" variant="primary" className="min-h-10" disabled={create.isPending || url.trim() === ""}>
        Add
      </Button>
    </form>
  );
}

function WebhookRow({ webhook, onTest, onEnable, onDelete }: { webhook: Webhook; onTest: () => void; onEnable: () => void; onDelete: () => void }) {
  const place = placeOf(webhook);
  const disabled = webhook.disabled_at != null;
  return (
    <li className="flex flex-wrap items-center gap-x-md gap-y-xs px-3 py-sm">
      <div className="grid min-w-0 flex-1 basis-64 gap-0.5">
        <span className="font-medium wrap-anywhere">{place}</span>
        <span className="text-caption wrap-anywhere text-neutral-shadow-ink" role="status">
          {webhook.description != null && `${webhook.description} · `}
          {lastOf(webhook)}
        </span>
        {disabled && <span className="text-caption wrap-anywhere text-semantic-error-ink">Disabled: {webhook.disabled_reason}</span>}
        {!webhook.readable && !disabled && <span className="text-caption text-semantic-error-ink">The server can no longer read its secret: delete it and add it again.</span>}
      </div>
      <div className="ml-auto flex gap-xs">
        {disabled ? (
          <Button size="sm" aria-label={`Enable ${place}`} onClick={onEnable}>
            Enable
          </Button>
        ) : (
          <Button size="sm" aria-label={`Test ${place}`} disabled={isPinged(webhook)} onClick={onTest}>
            Test
          </Button>
        )}
        <Button variant="danger" size="sm" aria-label={`Delete ${place}`} onClick={onDelete}>
          Delete
        </Button>
      </div>
    </li>
  );
}

/** The secret, and what it is for. */
function NewSecret({ made, onClose }: { made: NewWebhook | undefined; onClose: () => void }) {
  return (
    <ShownOnce
      made={made}
      icon={WebhookIcon}
      title="The webhook’s secret"
      warning={
        <>
          <b className="font-semibold">Copy it now.</b> It is shown once. What arrives is signed with it: verify that before you believe it.
        </>
      }
      onClose={onClose}
    >
      {(shown) => (
        <>
          <CopyLine wrap prompt="" command={shown.secret} label="Copy the secret" />
          <p className="text-caption text-neutral-shadow-ink">For {placeOf(shown.webhook)}. Then press Test, and see whether it arrives.</p>
        </>
      )}
    </ShownOnce>
  );
}
