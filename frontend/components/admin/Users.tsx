"use client";

import { Ban, CircleCheck } from "lucide-react";
import { useState } from "react";
import { useSwitchUser, useUsers } from "@/hooks/useAdmin";
import { useMe } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { ago, count, short } from "@/lib/format";
import type { AdminUser } from "@/lib/types";
import { Button } from "../ui/button";
import { Choice } from "../ui/dialog";
import { Quiet, type Column } from "../ui/table";
import { Cost } from "./amounts";
import { ListFrame, type ListProps } from "./ListFrame";
import { RoleBadge } from "./RoleBadge";

/** All accounts, and which of them may come in. */
export function Users(place: ListProps) {
  const me = useMe();
  const users = useUsers(place.page);
  const change = useSwitchUser();
  const [asked, setAsked] = useState<AdminUser | null>(null);
  const columns: readonly Column<AdminUser>[] = [
    { head: "Account", cell: (user) => <Who user={user} own={user.id === me.data?.id} /> },
    { head: "State", cell: (user) => <State user={user} /> },
    { head: "API keys", right: true, cell: ({ api_keys: keys }) => (keys === 0 ? <Quiet>–</Quiet> : count(keys)) },
    { head: "Runs", right: true, cell: ({ runs }) => (runs === 0 ? <Quiet>–</Quiet> : count(runs)) },
    { head: "Tokens today", right: true, cell: ({ today: { tokens } }) => (tokens === 0 ? <Quiet>–</Quiet> : short(tokens)) },
    { head: "Cost today", right: true, cell: ({ today }) => <Cost used={today} /> },
    { head: "Last seen", right: true, cell: ({ last_seen_at: seen }) => (seen == null ? <Quiet>never</Quiet> : <time dateTime={seen} title={new Date(seen).toLocaleString()}>{ago(seen)}</time>) },
    {
      head: "Actions",
      bare: true,
      // One cannot lock oneself out.
      cell: (user) => user.id !== me.data?.id && <SwitchButton user={user} disabled={change.isPending} onClick={() => setAsked(user)} />,
    },
  ];
  return (
    <>
      <ListFrame
        {...place}
        label="Users"
        note="Runs are those that are stored; today is the day in UTC."
        list={users}
        failure={change.error}
        columns={columns}
        keyOf={({ id }) => id}
        none="No account on this page."
      />
      <Choice
        open={asked !== null}
        onOpenChange={(open) => {
          if (!open) setAsked(null);
        }}
        title={asked === null ? "" : `${isDisabled(asked) ? "Enable" : "Disable"} ${visible(asked.email)}?`}
        options={
          asked === null
            ? []
            : [
                isDisabled(asked)
                  ? { text: "Enable", primary: true, run: () => change.mutate({ id: asked.id, enable: true }) }
                  : { text: "Disable", danger: true, run: () => change.mutate({ id: asked.id, enable: false }) },
              ]
        }
      >
        {asked !== null && isDisabled(asked)
          ? "It can sign in again, with its password. API keys and share links that have ended stay ended."
          : "It is signed out everywhere and cannot sign in. Its API keys, share links and open streams end at once, and stay ended. Its runs go on and are kept."}
      </Choice>
    </>
  );
}

const isDisabled = ({ disabled_at: at }: AdminUser): boolean => at != null;

function Who({ user, own }: { user: AdminUser; own: boolean }) {
  const about = [user.full_name, user.company].filter(Boolean).join(", ");
  return (
    <span className="block min-w-0 md:max-w-64 xl:max-w-80">
      <span className="flex items-center gap-sm">
        <span className="min-w-0 truncate font-medium" title={visible(user.email)}>
          {visible(user.email)}
        </span>
        <RoleBadge role={user.role} />
        {own && <Quiet>you</Quiet>}
      </span>
      <span className="block truncate text-caption text-neutral-shadow-ink">
        {about !== "" && `${visible(about)} · `}since {ago(user.created_at)}
      </span>
    </span>
  );
}

function State({ user: { disabled_at: at } }: { user: AdminUser }) {
  const Icon = at == null ? CircleCheck : Ban;
  return (
    <span className="inline-flex items-center gap-1.5 text-caption font-medium" title={at == null ? undefined : new Date(at).toLocaleString()}>
      <Icon aria-hidden className={at == null ? "size-3.5 text-semantic-success-ink" : "size-3.5 text-semantic-error-ink"} />
      {at == null ? "Enabled" : `Disabled ${ago(at)}`}
    </span>
  );
}

function SwitchButton({ user, disabled, onClick }: { user: AdminUser; disabled: boolean; onClick: () => void }) {
  const verb = isDisabled(user) ? "Enable" : "Disable";
  return (
    <Button size="sm" variant={isDisabled(user) ? "outline" : "danger"} disabled={disabled} aria-label={`${verb} ${visible(user.email)}`} onClick={onClick}>
      {verb}
    </Button>
  );
}
