"use client";

import { useId, useState } from "react";
import { useCreateShare, useRevokeShare, useShares } from "@/hooks/useAPI";
import { ago } from "@/lib/format";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { CopyLine } from "../ui/copy";
import { DialogSurface } from "../ui/dialog-surface";
import { Label } from "../ui/label";
import { Select } from "../ui/select";

const DAYS = [1, 7, 30, 90] as const;

/** Makes and revokes links through which anybody may read the run. */
export default function ShareDialog({ runId, onClose }: { runId: string; onClose: () => void }) {
  const shares = useShares(runId);
  const create = useCreateShare(runId);
  const revoke = useRevokeShare(runId);
  const [days, setDays] = useState<number>(7);
  const id = useId();
  const failure = shares.error ?? create.error ?? revoke.error;
  return (
    <DialogSurface
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      className="max-w-xl"
      title="Share this run"
      description="Whoever has the link reads this run, its logs and its patches, without an account, until it ends. It can start, stop or select nothing."
    >
      <div className="flex flex-wrap items-end gap-3">
        <div className="grid gap-1.5">
          <Label htmlFor={id}>Ends after</Label>
          <Select id={id} className="w-auto" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {DAYS.map((each) => (
              <option key={each} value={each}>
                {each === 1 ? "1 day" : `${each} days`}
              </option>
            ))}
          </Select>
        </div>
        <Button variant="primary" className="min-h-10" disabled={create.isPending} onClick={() => create.mutate(days)}>
          Make a link
        </Button>
      </div>
      {failure !== null && <Alert tone="error">{failure.message}</Alert>}
      {create.data !== undefined && (
        <div className="grid gap-xs">
          <p className="text-caption text-neutral-shadow-ink">Copy it now: it is shown once, the server keeps only its hash.</p>
          <CopyLine wrap prompt="" command={new URL(create.data.page_url, window.location.origin).href} label="Copy the link" />
        </div>
      )}
      {shares.data !== undefined && shares.data.length > 0 && (
        <ul aria-label="Links" className="divide-y rounded-md border bg-neutral-white">
          {shares.data.map((share) => (
            <li key={share.id} className="flex flex-wrap items-center gap-x-md gap-y-xs px-3 py-sm text-caption">
              <code>{share.prefix}…</code>
              <span className="text-neutral-shadow-ink">
                made {ago(share.created_at)} · {share.last_used_at == null ? "never used" : `used ${ago(share.last_used_at)}`} · ends {new Date(share.expires_at).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" })}
              </span>
              <Button variant="danger" size="sm" className="ml-auto" disabled={revoke.isPending} aria-label={`Revoke ${share.prefix}`} onClick={() => revoke.mutate(share.id)}>
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Button className="justify-self-end" onClick={onClose}>
        Close
      </Button>
    </DialogSurface>
  );
}
