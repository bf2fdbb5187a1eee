import type { ReactNode } from "react";

/** The key that does the same; not where there is no keyboard. */
export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd aria-hidden className="inline-grid h-5 min-w-5 place-items-center rounded-sm border bg-neutral-paper px-1 font-mono text-caption leading-none font-normal text-neutral-shadow-ink max-md:hidden pointer-coarse:hidden">
      {children}
    </kbd>
  );
}
