"use client";

import { TriangleAlert } from "lucide-react";
import { useWords } from "@/hooks/useBlind";
import { visible } from "@/lib/ansi";
import type { AgreementRow, Cell } from "@/lib/agreement";
import { plural } from "@/lib/format";
import { cn } from "@/lib/utils";
import { Card, CardHeader } from "../ui/card";
import { Mark } from "../agents/Who";

interface AgreementMapProps {
  rows: readonly AgreementRow[];
  /** The agents, as columns. */
  agents: readonly number[];
  patches: number;
  onShow: (agent: number, path: string) => void;
}

const LOOKS = {
  same: "bg-neutral-charcoal text-neutral-white",
  own: "border-[1.5px] border-neutral-charcoal bg-[linear-gradient(90deg,hsl(var(--neutral-charcoal))_0_6px,hsl(var(--neutral-white))_6px)] pl-2",
} as const;
const cellLook = "inline-flex h-6 min-w-9 items-center justify-center rounded-sm px-1 text-caption font-semibold tabular-nums";

/** Which agent changed which file, and which of them did the same. */
export function AgreementMap({ rows, agents, patches, onShow }: AgreementMapProps) {
  return (
    <Card aria-labelledby="agreement">
      <CardHeader id="agreement" title="Agreement">
        <p className="text-caption text-neutral-shadow-ink">
          {plural(rows.length, "file")}, {plural(patches, "patch", "patches")}
        </p>
      </CardHeader>
      <div className="max-h-[28rem] overflow-auto" role="group" aria-labelledby="agreement" tabIndex={0}>
        <table className="w-full table-fixed border-collapse text-center text-caption">
          <thead className="sticky top-0 z-1 bg-neutral-paper">
            <tr className="border-b">
              <th scope="col" className="h-10 w-[44%] pl-md max-md:w-[36%] text-left font-semibold">
                File
              </th>
              {agents.map((id) => (
                <th key={id} scope="col" className="last:pr-sm">
                  <Mark agent={id} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.path} className="border-b last:border-b-0">
                <th scope="row" className="py-1 pr-xs pl-md text-left font-mono font-normal">
                  <span className="flex items-center gap-1.5">
                    <span className="line-clamp-2 min-w-0 break-all" title={visible(row.path)}>
                      {visible(row.path)}
                    </span>
                    {row.test && (
                      <span title="A test that was there before">
                        <TriangleAlert aria-hidden className="size-3.5 shrink-0 text-semantic-warning-ink" />
                        <span className="sr-only">, a test that was there before</span>
                      </span>
                    )}
                  </span>
                </th>
                {agents.map((id) => (
                  <td key={id} className="h-9 last:pr-sm">
                    <CellView cell={row.cells.get(id) ?? { kind: "none" }} agent={id} path={row.path} onShow={onShow} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="flex flex-wrap items-center gap-x-md gap-y-xs border-t px-md py-3 text-caption text-neutral-shadow-ink [&>span]:inline-flex [&>span]:items-center [&>span]:gap-sm">
        <span>
          <span aria-hidden className={cn(cellLook, LOOKS.same)}>
            a
          </span>
          same change
        </span>
        <span>
          <span aria-hidden className={cn(cellLook, LOOKS.own, "text-neutral-charcoal")}>
            +9
          </span>
          own change
        </span>
        <span>
          <span aria-hidden>·</span> untouched
        </span>
        <span>
          <span aria-hidden>–</span> no patch
        </span>
      </p>
    </Card>
  );
}

function CellView({ cell, agent, path, onShow }: { cell: Cell; agent: number; path: string; onShow: (agent: number, path: string) => void }) {
  const words = useWords();
  if (cell.kind === "untouched" || cell.kind === "none") {
    return (
      <span className="text-neutral-shadow-ink">
        <span aria-hidden>{cell.kind === "none" ? "–" : "·"}</span>
        <span className="sr-only">{cell.kind === "none" ? "no patch" : "untouched"}</span>
      </span>
    );
  }
  const { additions, deletions } = cell.change;
  const what = cell.kind === "same" ? `same change ${cell.group}` : "own change";
  const size = additions > 0 ? `+${additions}` : deletions > 0 ? `−${deletions}` : "±";
  return (
    <button
      type="button"
      aria-label={`${words(agent)}: ${what}, plus ${additions} minus ${deletions}. Show it`}
      title={`${what}, +${additions} −${deletions}`}
      onClick={() => onShow(agent, path)}
      className={cn(cellLook, LOOKS[cell.kind], "hover:shadow-md")}
    >
      {cell.kind === "same" ? cell.group : size}
    </button>
  );
}
