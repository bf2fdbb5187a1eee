"use client";

import dynamic from "next/dynamic";
import { usePathname, useRouter } from "next/navigation";
import { useTheme } from "next-themes";
import { useCallback, useEffect, useState } from "react";
import { useCancelRun, useLogout, useMe } from "@/hooks/useAPI";
import { offeredCommands, useCommands } from "@/hooks/useCommands";
import { readStored } from "@/hooks/useStored";
import type { Run } from "@/lib/types";
import { Confirm } from "../ui/dialog";
import { SINGLE_KEYS } from "./single-keys";

const CommandPalette = dynamic(() => import("./CommandPalette").then((module) => module.CommandPalette), { ssr: false });
const KeyboardHelp = dynamic(() => import("./KeyboardHelp").then((module) => module.KeyboardHelp), { ssr: false });

const OPEN_PALETTE = "aideator:palette";

/** Opens the palette, for those who would rather click. */
export const openPalette = (): boolean => window.dispatchEvent(new Event(OPEN_PALETTE));

/** What works on every page: the palette, the list of keys, and the keys themselves. */
export function Keyboard() {
  const router = useRouter();
  const pathname = usePathname();
  const { resolvedTheme, setTheme } = useTheme();
  const me = useMe();
  const logout = useLogout();
  const [open, setOpen] = useState<"palette" | "help" | null>(null);
  const [cancelling, setCancelling] = useState<Run | null>(null);
  const signedIn = me.data !== undefined && !me.isError;

  useCommands([
    { id: "go-new", group: "Go to", text: "New run", run: () => router.push("/") },
    { id: "go-runs", group: "Go to", text: "Runs", run: () => router.push("/runs") },
    { id: "go-settings", group: "Go to", text: "Settings and API keys", run: () => router.push("/settings") },
    ...(signedIn && me.data.role === "admin" ? [{ id: "go-admin", group: "Go to", text: "Admin: users, runs, usage", run: () => router.push("/admin") }] : []),
    { id: "go-api", group: "Go to", text: "API documentation", run: () => window.open("/docs", "_blank", "noopener") },
    { id: "theme", group: "Page", text: resolvedTheme === "dark" ? "Light colours" : "Dark colours", run: () => setTheme(resolvedTheme === "dark" ? "light" : "dark") },
    { id: "help", group: "Page", text: "Keyboard shortcuts", keys: "?", run: () => setOpen("help") },
    ...(signedIn ? [{ id: "sign-out", group: "Page", text: "Sign out", run: () => logout.mutate() }] : []),
  ]);

  const onKeyDown = useCallback((event: KeyboardEvent) => {
    if ((event.metaKey || event.ctrlKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      setOpen((now) => (now === "palette" ? null : "palette"));
      return;
    }
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || readStored(SINGLE_KEYS) === "off") return;
    if (document.querySelector('[role="dialog"]') !== null) return;
    const command = offeredCommands().find(({ keys }) => keys !== undefined && keys.toLowerCase() === event.key.toLowerCase());
    if (command === undefined) return;
    event.preventDefault();
    command.run();
  }, []);
  useEffect(() => {
    const onOpen = () => setOpen("palette");
    window.addEventListener("keydown", onKeyDown);
    window.addEventListener(OPEN_PALETTE, onOpen);
    return () => {
      window.removeEventListener("keydown", onKeyDown);
      window.removeEventListener(OPEN_PALETTE, onOpen);
    };
  }, [onKeyDown]);
  // Another page: what was open belonged to the one before.
  const [before, setBefore] = useState(pathname);
  if (before !== pathname) {
    setBefore(pathname);
    setOpen(null);
  }

  return (
    <>
      {open === "palette" && <CommandPalette signedIn={signedIn} onClose={() => setOpen(null)} onCancelRun={setCancelling} />}
      {open === "help" && <KeyboardHelp onClose={() => setOpen(null)} />}
      {cancelling !== null && <CancelRun run={cancelling} onClose={() => setCancelling(null)} />}
    </>
  );
}

function CancelRun({ run, onClose }: { run: Run; onClose: () => void }) {
  const cancel = useCancelRun(run.run_id);
  return (
    <Confirm
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Cancel this run?"
      action="Cancel run"
      onConfirm={() => cancel.mutate()}
    >
      <q>{run.prompt.slice(0, 200)}</q> Its agents are told to stop. What they have printed and changed so far is kept.
    </Confirm>
  );
}

/** Where a letter is text, or an arrow a choice. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type="radio"], [type="checkbox"]), textarea, select'));
}
