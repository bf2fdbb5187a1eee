"use client";

import { useEffect, useRef, useSyncExternalStore } from "react";

/** Something that can be done from the palette, and by a key where it has one. */
export interface Command {
  id: string;
  text: string;
  group: string;
  /** As `KeyboardEvent.key` has it; one key, without modifiers. */
  keys?: string;
  run: () => void;
}

let offered: readonly Command[] = [];
const sets = new Map<symbol, readonly Command[]>();
const listeners = new Set<() => void>();

function offer(owner: symbol, commands: readonly Command[] | null): void {
  if (commands === null) sets.delete(owner);
  else sets.set(owner, commands);
  offered = [...sets.values()].flat();
  for (const listener of listeners) listener();
}

/** Offers commands while the component is there. A new list is only noticed where its ids, words or keys differ. */
export function useCommands(commands: readonly Command[]): void {
  const current = useRef(commands);
  useEffect(() => {
    current.current = commands;
  });
  const shape = JSON.stringify(commands);
  useEffect(() => {
    const owner = Symbol();
    // Whatever the command does, it does as of now.
    const live = current.current.map((command) => ({ ...command, run: () => current.current.find(({ id }) => id === command.id)?.run() }));
    offer(owner, live);
    return () => offer(owner, null);
  }, [shape]);
}

export const offeredCommands = (): readonly Command[] => offered;

/** All commands that are offered now. */
export const useOfferedCommands = (): readonly Command[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    offeredCommands,
    () => [],
  );
