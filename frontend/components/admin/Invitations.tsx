"use client";

import { Ban, CircleCheck, Clock, Mail, type LucideIcon } from "lucide-react";
import { useId, useState, type FormEvent } from "react";
import { useInvitations, useInvite, useRevokeInvitation } from "@/hooks/useAdmin";
import { useRegistration } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { ApiError } from "@/lib/api";
import { ago } from "@/lib/format";
import type { Invitation, NewInvitation, Role } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { CopyLine } from "../ui/copy";
import { Confirm } from "../ui/dialog";
import { InputField } from "../ui/field";
import { Label } from "../ui/label";
import { Select } from "../ui/select";
import { ShownOnce } from "../ui/shown-once";
import { Quiet, type Column } from "../ui/table";
import { ListFrame, type ListProps } from "./ListFrame";
import { RoleBadge } from "./RoleBadge";

const LIFETIMES = [1, 7, 30, 90];

/** Links with which others make an account: made here, shown once, revoked here. */
export function Invitations(place: ListProps) {
  const invitations = useInvitations(place.page);
  const invite = useInvite();
  const revoke = useRevokeInvitation();
  const registration = useRegistration(true).data?.registration;
  const [leaving, setLeaving] = useState<Invitation | null>(null);
  const columns: readonly Column<Invitation>[] = [
    { head: "For", cell: (invitation) => <ForWhom invitation={invitation} /> },
    { head: "State", cell: (invitation) => <State invitation={invitation} /> },
    { head: "Used by", cell: ({ used_by_email: email }) => (email == null ? <Quiet>–</Quiet> : <Email text={email} />) },
    { head: "Invited by", cell: ({ created_by_email: email }) => <Email text={email} /> },
    { head: "Made", right: true, cell: ({ created_at: at }) => <time dateTime={at} title={new Date(at).toLocaleString()}>{ago(at)}</time> },
    { head: "Ends", right: true, cell: ({ expires_at: at }) => <time dateTime={at} title={new Date(at).toLocaleString()}>{new Date(at).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" })}</time> },
    {
      head: "Actions",
      bare: true,
      cell: (invitation) =>
        invitation.state === "open" && (
          <Button size="sm" variant="danger" disabled={revoke.isPending} aria-label={`Revoke the invitation for ${whom(invitation)}`} onClick={() => setLeaving(invitation)}>
            Revoke
          </Button>
        ),
    },
  ];
  return (
    <>
      <ListFrame
        {...place}
        label="Invitations"
        note={`Whoever has the link makes one account with it, of the role that you choose. ${registration === "open" ? "This server takes accounts without an invitation, too." : ""}`}
        list={invitations}
        failure={revoke.error}
        columns={columns}
        keyOf={({ id }) => id}
        none="Nobody is invited."
      >
        <InvitationForm invite={invite} />
      </ListFrame>
      <NewLink made={invite.data} onClose={invite.reset} />
      <Confirm
        open={leaving !== null}
        onOpenChange={(open) => {
          if (!open) setLeaving(null);
        }}
        title={leaving === null ? "" : `Revoke the invitation for ${whom(leaving)}?`}
        action="Revoke"
        onConfirm={() => {
          if (leaving !== null) revoke.mutate(leaving.id);
        }}
      >
        Its link opens nothing any more.
      </Confirm>
    </>
  );
}

const whom = ({ email }: Invitation): string => (email == null ? "anybody" : visible(email));

function ForWhom({ invitation }: { invitation: Invitation }) {
  return (
    <span className="block min-w-0 md:max-w-56 xl:max-w-72">
      <span className="flex items-center gap-sm">
        <span className="min-w-0 truncate font-medium" title={whom(invitation)}>
          {whom(invitation)}
        </span>
        <RoleBadge role={invitation.role} />
      </span>
      <code className="block text-caption text-neutral-shadow-ink">{invitation.prefix}…</code>
    </span>
  );
}

const Email = ({ text }: { text: string }) => (
  <span className="block truncate md:max-w-44" title={visible(text)}>
    {visible(text)}
  </span>
);

const STATES: Record<Invitation["state"], { icon: LucideIcon; word: string; ink: string }> = {
  open: { icon: Mail, word: "Open", ink: "text-semantic-info-ink" },
  used: { icon: CircleCheck, word: "Used", ink: "text-semantic-success-ink" },
  revoked: { icon: Ban, word: "Revoked", ink: "text-neutral-shadow-ink" },
  expired: { icon: Clock, word: "Expired", ink: "text-neutral-shadow-ink" },
};

function State({ invitation: { state } }: { invitation: Invitation }) {
  const { icon: Icon, word, ink } = STATES[state];
  return (
    <span className="inline-flex items-center gap-1.5 text-caption font-medium">
      <Icon aria-hidden className={`size-3.5 ${ink}`} />
      {word}
    </span>
  );
}

function InvitationForm({ invite }: { invite: ReturnType<typeof useInvite> }) {
  const id = useId();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("user");
  const [days, setDays] = useState(7);
  const wrong = invite.error instanceof ApiError ? invite.error.fields : {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate({ role, expires_in_days: days, ...(email.trim() === "" ? {} : { email: email.trim() }) }, { onSuccess: () => setEmail("") });
  };
  return (
    <form noValidate onSubmit={submit} aria-label="New invitation" className="grid gap-3 border-b p-md">
      <div className="flex flex-wrap items-start gap-3">
        <div className="w-full max-w-xs max-md:max-w-none">
          <InputField label="Email" type="email" autoComplete="off" placeholder="anybody with the link" value={email} onChange={(event) => setEmail(event.target.value)} error={wrong.email} />
        </div>
        <div className="grid gap-1.5">
          <Label htmlFor={`${id}-role`}>Role</Label>
          <Select id={`${id}-role`} className="w-auto" value={role} onChange={(event) => setRole(event.target.value === "admin" ? "admin" : "user")}>
            <option value="user">User</option>
            <option value="admin">Admin</option>
          </Select>
        </div>
        <div className="grid gap-1.5">
          <Label htmlFor={`${id}-days`}>Ends after</Label>
          <Select id={`${id}-days`} className="w-auto" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {LIFETIMES.map((life) => (
              <option key={life} value={life}>
                {life === 1 ? "a day" : `${life} days`}
              </option>
            ))}
          </Select>
        </div>
        <Button type="submit" variant="primary" className="min-h-10 max-md:self-end md:mt-[1.7rem]" disabled={invite.isPending}>
          Invite
        </Button>
      </div>
      {invite.isError && wrong.email === undefined && <Alert tone="error">{invite.error.message}</Alert>}
    </form>
  );
}

/** The link, to be sent by whoever invites. A server that does not know its own address gives a path. */
function NewLink({ made, onClose }: { made: NewInvitation | undefined; onClose: () => void }) {
  return (
    <ShownOnce
      made={made}
      icon={Mail}
      title={`The invitation for ${made === undefined ? "" : whom(made.invitation)}`}
      warning={
        <>
          <b className="font-semibold">Copy the link now, and send it yourself.</b> It is shown once, good for one account, and stored only as a hash.
        </>
      }
      onClose={onClose}
    >
      {(shown) => (
        <CopyLine wrap prompt="" command={new URL(shown.page_url, window.location.origin).href} label="Copy the link" />
      )}
    </ShownOnce>
  );
}
