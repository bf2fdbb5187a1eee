"use client";

import { useStored } from "@/hooks/useStored";
import { Segmented } from "../ui/segmented";

export type DiffLayout = "unified" | "split";

const LAYOUTS = [
  { value: "unified", label: "Unified" },
  { value: "split", label: "Split" },
] as const;

/** One column or two: remembered, and the same for every diff. */
export const useDiffLayout = () => useStored<DiffLayout>("aideator.diff", ["unified", "split"]);

export function DiffLayoutSwitch({ name }: { name: string }) {
  const [layout, setLayout] = useDiffLayout();
  return <Segmented label="Diff layout" name={name} options={LAYOUTS} value={layout} onChange={setLayout} />;
}
