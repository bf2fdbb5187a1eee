"use client";

import { ArrowLeftRight } from "lucide-react";
import { useBlind, useHue } from "@/hooks/useBlind";
import { usePatch } from "@/hooks/useAPI";
import type { Changes } from "@/lib/agreement";
import { visible } from "@/lib/ansi";
import { plural } from "@/lib/format";
import type { VariationState } from "@/lib/run-state";
import { modelName } from "../agents/words";
import { LazyPatchView, PatchLoading } from "../diff/LazyPatchView";
import { DiffLayoutSwitch } from "../diff/layout";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Select } from "../ui/select";
import { Mark } from "../agents/Who";

/** The two sides: an agent, or the commit that all of them started from. */
export interface Sides {
  a: number | "base";
  b: number;
}

interface DifferenceProps {
  runId: string;
  /** Those with a patch, best evidence first. */
  candidates: readonly VariationState[];
  changes: Changes;
  sides: Sides;
  onSides: (sides: Sides) => void;
  wanted: { path: string } | null;
}

/** What one agent has and another, or the base, has not. */
export function Difference({ runId, candidates, changes, sides, onSides, wanted }: DifferenceProps) {
  const { a, b } = sides;
  const patch = usePatch(runId, b, true, a === "base" ? undefined : a);
  const differing = patch.data;
  const hue = useHue();
  const same = a === "base" || differing === undefined ? [] : sameFiles(changes, a, b, new Set(differing.map(({ path }) => path)));
  const choose = (side: "a" | "b", value: string) => {
    const next = value === "base" ? "base" : Number(value);
    // Nobody is compared with himself: the other side makes way.
    const other = candidates.find(({ id }) => id !== next)?.id ?? b;
    if (side === "a") onSides({ a: next, b: next !== b ? b : a === "base" ? other : a });
    else if (next !== "base") onSides({ a: next === a ? b : a, b: next });
  };
  return (
    <section {...hue(b)} aria-labelledby="difference" className="min-w-0 overflow-clip rounded-lg border bg-neutral-white">
      <div className="flex flex-wrap items-center gap-sm border-b bg-neutral-paper px-md py-sm">
        <h2 id="difference" className="mr-sm text-body-sm font-semibold">
          Difference
        </h2>
        <Pick label="From" value={a} base candidates={candidates} onChange={(value) => choose("a", value)} />
        <Button variant="ghost" size="icon" aria-label="Swap the sides" title="Swap the sides" disabled={a === "base"} onClick={() => a !== "base" && onSides({ a: b, b: a })}>
          <ArrowLeftRight aria-hidden />
        </Button>
        <Pick label="To" value={b} candidates={candidates} onChange={(value) => choose("b", value)} />
        <div className="ml-auto flex flex-wrap items-center gap-sm">
          <DiffLayoutSwitch name="compare-layout" />
          <Button aria-pressed={a === "base"} className="max-md:hidden" onClick={() => onSides({ a: "base", b })}>
            Against base
          </Button>
        </div>
      </div>
      {differing !== undefined && (
        <p className="flex flex-wrap items-center gap-x-md gap-y-xs border-b px-md py-1.5 text-caption text-neutral-shadow-ink [&>span]:inline-flex [&>span]:items-center [&>span]:gap-1.5">
          <span>
            {plural(differing.length, "file")} {differing.length === 1 ? "differs" : "differ"}
            {same.length > 0 && `, ${same.length} ${same.length === 1 ? "is" : "are"} the same`}
          </span>
          <span className="ml-auto">
            <b className="text-semantic-error-ink">−</b> only in {a === "base" ? "the base" : <Mark agent={a} />}
          </span>
          <span>
            <b className="text-semantic-success-ink">+</b> only in <Mark agent={b} />
          </span>
        </p>
      )}
      {patch.isError && (
        <Alert tone="error" className="m-md">
          {patch.error.message}
        </Alert>
      )}
      {!patch.isError && differing === undefined && <PatchLoading />}
      {differing?.length === 0 && <p className="p-md text-neutral-shadow-ink">{a === "base" ? "It changed no file." : "Both have the same files, byte for byte."}</p>}
      {differing !== undefined && differing.length > 0 && <LazyPatchView key={`${a} ${b}`} files={differing} wanted={wanted} />}
      {same.map((path) => (
        <p key={path} className="flex min-h-9 items-center justify-between gap-md border-t bg-neutral-paper px-md font-mono text-caption">
          <span className="min-w-0 truncate">{visible(path)}</span>
          <span className="font-sans whitespace-nowrap text-neutral-shadow-ink">same in both</span>
        </p>
      ))}
    </section>
  );
}

/** Files that both agents changed and that do not differ between them. */
function sameFiles(changes: Changes, a: number, b: number, differing: ReadonlySet<string>): string[] {
  const others = new Set(changes.get(b)?.map(({ path }) => path));
  return (changes.get(a) ?? []).map(({ path }) => path).filter((path) => others.has(path) && !differing.has(path));
}

interface PickProps {
  label: string;
  value: number | "base";
  /** Whether the base can be picked, too. */
  base?: boolean;
  candidates: readonly VariationState[];
  onChange: (value: string) => void;
}

/** Picks a side; the badge says who it is without reading. */
function Pick({ label, value, base = false, candidates, onChange }: PickProps) {
  const blind = useBlind();
  return (
    <span className="relative inline-flex max-w-full min-w-0 items-center">
      {value !== "base" && (
        <span className="pointer-events-none absolute left-sm inline-flex">
          <Mark agent={value} />
        </span>
      )}
      <Select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)} className={`min-h-8 w-auto max-w-56 font-medium ${value === "base" ? "" : "pl-9"}`}>
        {base && <option value="base">Base commit</option>}
        {candidates.map((variation) => (
          <option key={variation.id} value={variation.id}>
            {blind === null ? `${variation.id + 1} · ${modelName(variation)}` : `Candidate ${blind.names.get(variation.id) ?? ""}`}
          </option>
        ))}
      </Select>
    </span>
  );
}
