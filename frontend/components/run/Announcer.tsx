import type { RunState } from "@/lib/run-state";
import { hasEnded } from "@/lib/types";

/** Says how the agents stand to those who cannot see it: changes of state only, never the log. */
export function Announcer({ state }: { state: RunState }) {
  const ended = state.variations.filter((variation) => hasEnded(variation.status));
  const text = ended.map((variation) => `Agent ${variation.id + 1} ${variation.status}.`).join(" ");
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  );
}
