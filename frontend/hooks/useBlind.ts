"use client";

import { createContext, useContext, useMemo } from "react";
import type { Run } from "@/lib/types";
import { blindNames } from "@/lib/verdict";
import { useStored } from "./useStored";

/** What hides who did what, until one is picked. */
export interface Blind {
  /** Letters by agent: a number tells the model to whom chose it. */
  names: ReadonlyMap<number, string>;
  /** A text without the names of models in it. */
  hide: (text: string) => string;
}

/** Null while all is open. */
export const BlindContext = createContext<Blind | null>(null);
export const useBlind = () => useContext(BlindContext);

/** Whether a run is judged blind, which a browser remembers. Once one is picked there is nothing left to hide. */
export function useBlindChoice(run: Run, selected: boolean) {
  const [wish, setWish] = useStored("aideator.blind", ["open", "blind"]);
  const on = wish === "blind" && !selected;
  const { run_id: id, variations } = run;
  const blind = useMemo(() => (on ? { names: blindNames(id, variations.map((each) => each.variation_id)), hide: hiding(variations.map(({ model }) => model ?? "")) } : null), [on, id, variations]);
  return [blind, (wanted: boolean) => setWish(wanted ? "blind" : "open")] as const;
}

/** Shorter names are found in other words. */
const SHORTEST = 3;

function hiding(models: readonly string[]): (text: string) => string {
  const names = [...new Set(models.flatMap((model) => [model, model.slice(model.lastIndexOf("/") + 1)]))].filter(({ length }) => length >= SHORTEST).sort((one, other) => other.length - one.length);
  return (text) => names.reduce((shown, name) => shown.replaceAll(name, "(hidden)"), text);
}

/** What identifies an agent to the styles: nothing, while it is to be judged blind. */
export function useHue(): (id: number) => { "data-agent"?: number } {
  const blind = useBlind();
  return (id) => (blind === null ? { "data-agent": id + 1 } : {});
}

/** An agent in words, for labels: `agent 2`, or `candidate B`. */
export const wordsOf =
  (blind: Blind | null) =>
  (id: number): string =>
    blind === null ? `agent ${id + 1}` : `candidate ${blind.names.get(id) ?? "?"}`;
export const useWords = () => wordsOf(useBlind());

/** In the order of the letters while judged blind: a place tells as much as a number. */
export function inOrder<T extends { id: number }>(blind: Blind | null, variations: T[]): T[] {
  if (blind === null) return variations;
  const letter = ({ id }: T) => blind.names.get(id) ?? "";
  return [...variations].sort((one, other) => letter(one).localeCompare(letter(other)));
}
