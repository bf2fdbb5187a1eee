"use client";

import { useOfferedCommands } from "@/hooks/useCommands";
import { useStored } from "@/hooks/useStored";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Kbd, useModifier } from "../ui/kbd";
import { SINGLE_KEYS } from "./single-keys";

/** The keys that do something on this page. */
export function KeyboardHelp({ onClose }: { onClose: () => void }) {
  const [keys, setKeys] = useStored(SINGLE_KEYS, ["on", "off"]);
  const modifier = useModifier();
  const commands = useOfferedCommands().filter((command) => command.keys !== undefined);
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Keyboard"
      className="max-w-xl"
    >
      <dl className="grid gap-x-lg gap-y-3 sm:grid-cols-2 [&>div]:grid [&>div]:grid-cols-[5rem_1fr] [&>div]:items-center">
        {commands.map((command) => (
          <div key={command.id}>
            <dt>
              <Kbd>{command.keys}</Kbd>
            </dt>
            <dd>{command.text}</dd>
          </div>
        ))}
        <div>
          <dt className="flex gap-xs">
            <Kbd>{modifier}</Kbd>
            <Kbd>K</Kbd>
          </dt>
          <dd>All commands</dd>
        </div>
        <div>
          <dt className="flex gap-xs">
            <Kbd>{modifier}</Kbd>
            <Kbd>↵</Kbd>
          </dt>
          <dd>Start the run, in its form</dd>
        </div>
      </dl>
      <label className="inline-flex min-h-8 cursor-pointer items-center gap-sm">
        <input type="checkbox" className="size-5 accent-[hsl(var(--ai-primary-ink))]" checked={keys === "on"} onChange={(event) => setKeys(event.target.checked ? "on" : "off")} />
        Single-key shortcuts
      </label>
      <Button className="justify-self-end" onClick={onClose}>
        Close
      </Button>
    </Dialog>
  );
}
