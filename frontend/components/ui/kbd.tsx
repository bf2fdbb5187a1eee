"use client";

import { useSyncExternalStore, type ReactNode } from "react";

/** A key, as it looks on a keyboard. */
export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-grid h-5 min-w-5 place-items-center rounded-sm border border-b-2 bg-neutral-paper px-1 font-sans text-caption leading-none font-medium text-neutral-shadow-ink">
      {children}
    </kbd>
  );
}

const never = () => () => {};

/** The key that goes with letters for commands on this machine. */
export const useModifier = (): string =>
  useSyncExternalStore(
    never,
    () => (/mac|iphone|ipad/i.test(navigator.platform) ? "⌘" : "Ctrl"),
    () => "Ctrl",
  );
