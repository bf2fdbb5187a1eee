"use client";

import { Square } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { useAllRuns, useCancelAnyRun } from "@/hooks/useAdmin";
import { useMe } from "@/hooks/useAPI";
import { visible } from "@/lib/ansi";
import { ago, duration } from "@/lib/format";
import { runHasEnded, type AdminRun } from "@/lib/types";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { Status } from "../ui/status";
import { Quiet, type Column } from "../ui/table";
import { ListFrame, type ListProps } from "./ListFrame";

/** That there are runs, and whose; an admin can end them, not read them. */
export function AllRuns(place: ListProps) {
  const me = useMe();
  const runs = useAllRuns(place.page);
  const cancel = useCancelAnyRun();
  const [asked, setAsked] = useState<AdminRun | null>(null);
  const columns: readonly Column<AdminRun>[] = [
    { head: "Run", cell: (run) => <RunId run={run} own={run.user_id === me.data?.id} /> },
    { head: "Status", cell: ({ status }) => <Status status={status} /> },
    { head: "Account", cell: ({ email }) => <span className="block truncate md:max-w-48 lg:max-w-64" title={visible(email)}>{visible(email)}</span> },
    { head: "Agents", right: true, cell: ({ variations }) => variations },
    { head: "Took", right: true, cell: ({ created_at: from, finished_at: to }) => (to == null ? <Quiet>–</Quiet> : duration(Date.parse(to) - Date.parse(from))) },
    { head: "Started", right: true, cell: ({ created_at: at }) => <time dateTime={at} title={new Date(at).toLocaleString()}>{ago(at)}</time> },
    {
      head: "Actions",
      bare: true,
      cell: (run) =>
        !runHasEnded(run.status) && (
          <Button size="sm" variant="danger" disabled={cancel.isPending} aria-label={`Cancel ${run.run_id}`} onClick={() => setAsked(run)}>
            <Square aria-hidden />
            Cancel
          </Button>
        ),
    },
  ];
  return (
    <>
      <ListFrame
        {...place}
        label="Runs of all users"
        note="Whose they are and how they stand. Prompts, logs and results are their users’ own."
        list={runs}
        failure={cancel.error}
        columns={columns}
        keyOf={({ run_id: id }) => id}
        none="No run on this page."
      />
      <Confirm
        open={asked !== null}
        onOpenChange={(open) => {
          if (!open) setAsked(null);
        }}
        title="Cancel this run?"
        action="Cancel run"
        onConfirm={() => {
          if (asked !== null) cancel.mutate(asked.run_id);
        }}
      >
        The agents of {asked === null ? "its user" : visible(asked.email)} are told to stop. What they have printed and changed so far is kept, and the run says that an admin has cancelled it.
      </Confirm>
    </>
  );
}

/** A link for whose run it is. */
function RunId({ run: { run_id: id }, own }: { run: AdminRun; own: boolean }) {
  const shown = "block truncate font-mono text-caption md:max-w-36 lg:max-w-none";
  if (!own) return <span className={shown} title={id}>{id}</span>;
  return (
    <Link href={`/stream?run=${encodeURIComponent(id)}`} prefetch={false} title={id} className={`${shown} text-ai-primary-ink underline underline-offset-2`}>
      {id}
    </Link>
  );
}
