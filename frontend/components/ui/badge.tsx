import { cn } from "@/lib/utils";

/** Who: the digit on the agent's ink. `agent` is the variation's id, people see one more. */
export function AgentBadge({ agent, large = false }: { agent: number; large?: boolean }) {
  return (
    <span
      data-agent={agent + 1}
      className={cn(
        "inline-grid shrink-0 place-items-center bg-agent-ink font-semibold tabular-nums text-on-ink",
        large ? "size-7 rounded-md text-body-sm" : "size-5 rounded-sm text-caption leading-none",
      )}
    >
      <span>
        <span className="sr-only">Agent </span>
        {agent + 1}
      </span>
    </span>
  );
}
