import { cn } from "@/lib/utils";

/** Stands where something is still being loaded; `className` gives its height. */
export function Skeleton({ className }: { className: string }) {
  return <div role="status" aria-busy="true" aria-label="Loading" className={cn("skeleton animate-shimmer", className)} />;
}
