"use client";

import { useEffect, useRef } from "react";

/** Where this browser keeps that single keys do nothing. */
export const KEYS_SETTING = "aideator-keys";

/** What to do for a key, by the name that the browser gives it, letters in lower case. */
export type Keys = Readonly<Record<string, () => void>>;

/** Does something for single keys, wherever the focus is but in fields and dialogs; people can switch it off. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest("input:not([type=radio]), textarea, select, [contenteditable], [role=dialog], [role=slider], [role=menu]") != null) return;
      if (switchedOff() || document.querySelector("[role=dialog]") !== null) return;
      const action = current.current[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}

function switchedOff(): boolean {
  try {
    return localStorage.getItem(KEYS_SETTING) === "off";
  } catch {
    return false;
  }
}
