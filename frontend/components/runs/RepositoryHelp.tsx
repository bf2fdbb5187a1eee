import { CircleAlert, CircleCheck, LoaderCircle } from "lucide-react";
import type { useRepository } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";

/** Which of the two fields a refusal of the repository check is about, with the server's words. */
export function refusal(error: Error | null): { github_url?: string; ref?: string } {
  if (error === null) return {};
  const fields = error instanceof ApiError ? error.fields : {};
  return fields.ref === undefined ? { github_url: fields.url ?? error.message } : { ref: fields.ref };
}

/** Whether the server reaches the repository, and which commit the agents would start from. */
export function RepositoryState({ repository, gitRef, asking }: { repository: ReturnType<typeof useRepository>; gitRef: string; asking: boolean }) {
  const icon = "mt-0.5 size-3.5 shrink-0";
  if (asking || repository.isPending) {
    return (
      <p role="status" className="flex items-start gap-1.5">
        <LoaderCircle aria-hidden className={`${icon} animate-spin`} />
        Asking the repository
      </p>
    );
  }
  if (repository.isError) {
    const { github_url: message } = refusal(repository.error);
    if (message === undefined) return <p role="status">Reachable.</p>;
    return (
      <p role="status" className="flex items-start gap-1.5 text-semantic-error-ink">
        <CircleAlert aria-hidden className={icon} />
        {message}
      </p>
    );
  }
  const { default_branch: branch, sha } = repository.data;
  return (
    <p role="status" className="flex items-start gap-1.5">
      <CircleCheck aria-hidden className={`${icon} text-semantic-success-ink`} />
      <span>
        Reachable. {gitRef === "" ? (branch ?? "Its default branch") : gitRef} is at <code>{sha.slice(0, 7)}</code>.
      </span>
    </p>
  );
}
