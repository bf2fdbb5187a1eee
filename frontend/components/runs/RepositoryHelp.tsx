import { CircleAlert, CircleCheck, LoaderCircle } from "lucide-react";
import { useRepository } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { EXAMPLE, type Draft } from "@/lib/new-run";
import type { Run } from "@/lib/types";

/** Whether the server reaches the repository, and which commit the agents would start from. */
export function RepositoryState({ url, gitRef }: { url: string; gitRef: string }) {
  const repository = useRepository(url, gitRef, url !== "");
  if (url === "") return null;
  const icon = "mt-0.5 size-3.5 shrink-0";
  if (repository.isError) {
    const fields = repository.error instanceof ApiError ? Object.values(repository.error.fields) : [];
    return (
      <p role="status" className="flex items-start gap-1.5 text-semantic-error-ink">
        <CircleAlert aria-hidden className={icon} />
        {fields[0] ?? repository.error.message}
      </p>
    );
  }
  if (repository.data === undefined) {
    return (
      <p role="status" className="flex items-start gap-1.5">
        <LoaderCircle aria-hidden className={`${icon} animate-spin`} />
        Asking the repository
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

/** Something to start from: the last run's repository, or the example. */
export function Suggestion({ lastRun, onFill }: { lastRun: Run | undefined; onFill: (values: Partial<Draft>) => void }) {
  const values: Partial<Draft> =
    lastRun === undefined ? { repository: EXAMPLE.repository, prompt: EXAMPLE.prompt } : { repository: lastRun.github_url, ref: lastRun.ref ?? "", prompt: lastRun.prompt };
  return (
    <button type="button" className="text-ai-primary-ink underline underline-offset-2" onClick={() => onFill(values)}>
      {lastRun === undefined ? "Fill in the example" : "Same as the last run"}
    </button>
  );
}
