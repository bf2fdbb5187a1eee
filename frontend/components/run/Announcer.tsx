import { useWords } from "@/hooks/useBlind";
import { capital, plural } from "@/lib/format";
import type { RunState, VariationState } from "@/lib/run-state";
import { hasEnded } from "@/lib/types";

/** Says how the agents stand to those who cannot see it: changes of state only, never the log. */
export function Announcer({ state }: { state: RunState }) {
  const words = useWords();
  const told = state.variations.filter(({ status, reason }) => hasEnded(status) || reason !== null).map((variation) => sentence(variation, capital(words(variation.id))));
  const all = state.variations.length > 1 && state.variations.every(({ status }) => hasEnded(status)) ? " All agents have ended." : "";
  return (
    <p role="status" className="sr-only">
      {told.join(" ")}
      {all}
    </p>
  );
}

function sentence({ status, reason, patch, checks }: VariationState, who: string): string {
  if (!hasEnded(status)) return `${who} waits: ${reason ?? status}.`;
  const passed = checks.filter(({ exit_code }) => exit_code === 0).length;
  const facts = [reason, patch === null ? null : `${plural(patch.files, "file")} changed`, checks.length === 0 ? null : `${passed} of ${plural(checks.length, "check")} passed`];
  return `${who} ${status}${facts.map((fact) => (fact === null ? "" : `, ${fact}`)).join("")}.`;
}
