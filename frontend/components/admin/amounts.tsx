import { dollars, short } from "@/lib/format";
import { Quiet } from "../ui/table";

interface Used {
  tokens: number;
  /** Of what is known; null where nothing is. */
  known_cost_usd?: number | null;
}

export const Tokens = ({ used: { tokens } }: { used: Used }) => (tokens === 0 ? <Quiet>–</Quiet> : short(tokens));

/** What is not known is unknown, and never nothing. */
export function Cost({ used: { tokens, known_cost_usd: cost } }: { used: Used }) {
  if (cost != null) return dollars(cost);
  return <Quiet>{tokens === 0 ? "–" : "unknown"}</Quiet>;
}
