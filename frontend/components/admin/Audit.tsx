"use client";

import { useState } from "react";
import { useAudit } from "@/hooks/useAdmin";
import { visible } from "@/lib/ansi";
import { ago, count } from "@/lib/format";
import type { AuditEntry, AuditEvent } from "@/lib/types";
import { Select } from "../ui/select";
import { Quiet, type Column } from "../ui/table";
import { ListFrame, type ListProps } from "./ListFrame";

const EVENTS: Readonly<Record<AuditEvent, string>> = {
  account_registered: "Account registered",
  account_created: "Account created",
  account_disabled: "Account disabled",
  account_enabled: "Account enabled",
  logged_in: "Logged in",
  login_failed: "Login failed",
  logged_out: "Logged out",
  password_changed: "Password changed",
  password_refused: "Password refused",
  api_key_created: "API key created",
  api_key_revoked: "API key revoked",
  share_created: "Link shared",
  share_revoked: "Link revoked",
  run_cancelled: "Run cancelled",
  credential_stored: "Credential stored",
  credential_deleted: "Credential deleted",
  webhook_created: "Webhook created",
  webhook_deleted: "Webhook deleted",
  invitation_created: "Invitation created",
  invitation_used: "Invitation used",
  invitation_revoked: "Invitation revoked",
  invitation_refused: "Invitation refused",
};

const COLUMNS: readonly Column<AuditEntry>[] = [
  { head: "Event", cell: ({ event, times }) => <span className="font-medium md:whitespace-nowrap">{times > 1 ? `${EVENTS[event]} (${count(times)} times)` : EVENTS[event]}</span> },
  { head: "When", cell: ({ last_at: at }) => <time dateTime={at} title={new Date(at).toLocaleString()}>{ago(at)}</time> },
  { head: "Who", cell: ({ actor_email: email, actor_id: id, event }) => <Account email={email} id={id} none={event === "account_created" ? "the operator" : "not signed in"} /> },
  { head: "Account", cell: ({ account_email: email, account_id: id }) => <Account email={email} id={id} none="none" /> },
  { head: "On", cell: (entry) => <Subject entry={entry} /> },
  { head: "From", cell: ({ address }) => (address == null ? <Quiet>–</Quiet> : <span className="block min-w-0 truncate font-mono text-caption md:max-w-24 xl:max-w-none" title={address}>{address}</span>) },
];

/** Who came in, who tried, who made or ended what opens something. */
export function Audit(place: ListProps) {
  const [event, setEvent] = useState<AuditEvent | null>(null);
  const entries = useAudit(event, place.page);
  return (
    <ListFrame
      {...place}
      label="Security events"
      note="Who came in, who tried, and who made or ended what opens something. Failed attempts of an hour from one network are one row."
      action={
        <Select
          aria-label="Event"
          className="min-h-8 w-auto"
          value={event ?? ""}
          onChange={({ target }) => {
            setEvent(target.value === "" ? null : (target.value as AuditEvent));
            place.onPage(1);
          }}
        >
          <option value="">All events</option>
          {Object.entries(EVENTS).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </Select>
      }
      list={entries}
      failure={null}
      columns={COLUMNS}
      keyOf={({ id }) => String(id)}
      none="Nothing of this kind has happened."
    />
  );
}

/** An account that is there by its address, and one that is gone by its id. */
function Account({ email, id, none }: { email?: string | null; id?: string | null; none: string }) {
  const shown = email ?? id;
  if (shown == null) return <Quiet>{none}</Quiet>;
  return (
    <span className="block min-w-0 truncate md:max-w-32 lg:max-w-40 xl:max-w-56" title={visible(shown)}>
      {visible(shown)}
    </span>
  );
}

function Subject({ entry: { subject, detail } }: { entry: AuditEntry }) {
  const texts = [subject, ...Object.entries(detail).map(([name, value]) => `${name}: ${value}`)].filter((text) => text != null).map(visible);
  if (texts.length === 0) return <Quiet>–</Quiet>;
  return (
    <span className="block min-w-0 truncate text-caption md:max-w-24 lg:max-w-36 xl:max-w-52" title={texts.join("\n")}>
      {texts.join(", ")}
    </span>
  );
}
