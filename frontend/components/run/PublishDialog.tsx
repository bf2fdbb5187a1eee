"use client";

import Link from "next/link";
import { useState, type FormEvent } from "react";
import { useCredentials, usePublish } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { branchOf, messageOf } from "@/lib/publish";
import type { Run } from "@/lib/types";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { DialogSurface } from "../ui/dialog-surface";
import { InputField, TextField } from "../ui/field";
import { Segmented } from "../ui/segmented";

/** Asks for the selected result as a new branch of its repository. */
export default function PublishDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const publish = usePublish(run.run_id);
  const credentials = useCredentials();
  const { host, origin } = new URL(run.github_url);
  const stored = credentials.data?.some((each) => each.kind === "git" && each.host === origin && each.readable) ?? false;
  const [branch, setBranch] = useState(() => branchOf(run));
  const [message, setMessage] = useState(() => messageOf(run));
  const [asking, setAsking] = useState(false);
  const [title, setTitle] = useState("");
  const [body, setBody] = useState("");
  const [wantsOnce, setWantsOnce] = useState(false);
  const [username, setUsername] = useState("");
  const [token, setToken] = useState("");
  const once = wantsOnce || (credentials.data !== undefined && !stored);
  const wrong = publish.error instanceof ApiError ? publish.error.fields : {};
  const shown = ["branch", "message", "pull_request.title", "pull_request.body", "git_credential.username", "git_credential.token"].filter((field) => field in wrong);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    publish.mutate(
      {
        branch: branch.trim(),
        message,
        ...(asking ? { pull_request: { ...(title.trim() === "" ? {} : { title: title.trim() }), ...(body.trim() === "" ? {} : { body }) } } : {}),
        ...(once ? { git_credential: { token, ...(username.trim() === "" ? {} : { username: username.trim() }) } } : {}),
      },
      { onSuccess: onClose },
    );
  };
  return (
    <DialogSurface
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      className="max-w-xl"
      title="Publish as a branch"
      description="A Job applies the selected patch to the commit it was made from, proves the result, commits and pushes it. A branch that is there already is never touched."
    >
      <form onSubmit={submit} aria-label="Publish as a branch" autoComplete="off" className="grid gap-md">
        <InputField label="New branch" spellCheck={false} autoCapitalize="none" className="font-mono text-caption max-md:text-body" value={branch} onChange={(event) => setBranch(event.target.value)} error={wrong.branch} />
        <TextField label="Message of the commit" rows={3} className="min-h-20" value={message} onChange={(event) => setMessage(event.target.value)} error={wrong.message} />
        <label className="flex min-h-6 items-center gap-sm font-medium">
          <input type="checkbox" className="size-5 accent-[hsl(var(--ai-primary-ink))]" checked={asking} onChange={(event) => setAsking(event.target.checked)} />
          Ask for a pull request
        </label>
        {asking && (
          <>
            <InputField label="Title" placeholder="The first line of the message" value={title} onChange={(event) => setTitle(event.target.value)} error={wrong["pull_request.title"]} />
            <TextField label="Text" rows={2} className="min-h-16" placeholder="The rest of the message" value={body} onChange={(event) => setBody(event.target.value)} error={wrong["pull_request.body"]} />
          </>
        )}
        {stored && (
          <div className="grid justify-items-start gap-1.5">
            <p className="font-medium">Token for {host}</p>
            <Segmented label={`Token for ${host}`} name="publish-credential" options={SOURCES} value={once ? "once" : "stored"} onChange={(source) => setWantsOnce(source === "once")} />
          </div>
        )}
        {once && (
          <div className="grid gap-3 md:grid-cols-2">
            <InputField label={stored ? "Token" : `Token for ${host}`} type="password" autoComplete="new-password" value={token} onChange={(event) => setToken(event.target.value)} error={wrong["git_credential.token"]} />
            <InputField label="User name" placeholder="x-access-token" spellCheck={false} autoCapitalize="none" value={username} onChange={(event) => setUsername(event.target.value)} error={wrong["git_credential.username"]} />
            <p className="text-caption text-neutral-shadow-ink md:col-span-2">
              It must be allowed to push. It is used this once, and forgotten. To keep one, <Link href="/settings" className="text-ai-primary-ink underline underline-offset-2">store it in the settings</Link>.
            </p>
          </div>
        )}
        {credentials.isError && <Alert tone="error">{credentials.error.message}</Alert>}
        {publish.isError && shown.length === 0 && <Alert tone="error">{wrong.pull_request ?? wrong.git_credential ?? publish.error.message}</Alert>}
        <div className="flex justify-end gap-sm">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={publish.isPending || credentials.isPending || branch.trim() === "" || message.trim() === "" || (once && token === "")}>
            {publish.isPending ? "Starting…" : "Publish"}
          </Button>
        </div>
      </form>
    </DialogSurface>
  );
}

const SOURCES = [
  { value: "stored", label: "The stored one" },
  { value: "once", label: "Another, this once" },
] as const;
