"use client";

import { useCallback, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** What this browser keeps under `key`; null where there is nothing, or where it keeps nothing at all. */
export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage is full or forbidden: the choice then lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

/** A choice that this browser remembers, the same in all of its tabs. What is not among `values` counts as the first of them. */
export function useStored<T extends string>(key: string, values: readonly [T, ...T[]]): [T, (value: T) => void] {
  const stored = useSyncExternalStore(
    subscribe,
    () => readStored(key),
    () => null,
  );
  const value = values.find((each) => each === stored) ?? values[0];
  return [value, useCallback((next: T) => writeStored(key, next), [key])];
}
