"use client";

import { Command } from "cmdk";
import { Square } from "lucide-react";
import { useRouter } from "next/navigation";
import { Dialog as RadixDialog } from "radix-ui";
import { useState } from "react";
import { useRuns } from "@/hooks/useAPI";
import { useOfferedCommands } from "@/hooks/useCommands";
import { useDebounced } from "@/hooks/useDebounced";
import { visible } from "@/lib/ansi";
import { ago, repositoryName } from "@/lib/format";
import { runHasEnded, type Run } from "@/lib/types";
import { useReturnFocus } from "../ui/dialog-surface";
import { Kbd } from "../ui/kbd";
import { Status } from "../ui/status";

const FOUND = 8;

interface CommandPaletteProps {
  signedIn: boolean;
  onClose: () => void;
  onCancelRun: (run: Run) => void;
}

/** Everything that can be done from here, and the runs, by typing a part of its name. */
export function CommandPalette({ signedIn, onClose, onCancelRun }: CommandPaletteProps) {
  const router = useRouter();
  const commands = useOfferedCommands();
  const focus = useReturnFocus();
  const [words, setWords] = useState("");
  const q = useDebounced(words.trim(), 250);
  const runs = useRuns({ perPage: FOUND, q }, signedIn).data?.items ?? [];
  const groups = [...new Set(commands.map(({ group }) => group))];
  const run = (action: () => void) => () => {
    onClose();
    action();
  };
  return (
    <RadixDialog.Root
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-50 bg-[hsl(222_60%_12%/0.45)] dark:bg-[hsl(224_60%_3%/0.65)]" />
        <RadixDialog.Content {...focus} aria-describedby={undefined} className="fixed top-[max(1rem,12vh)] left-1/2 z-50 w-[calc(100%-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-lg border bg-neutral-white shadow-lg">
          <RadixDialog.Title className="sr-only">Search and commands</RadixDialog.Title>
          <Command label="Search and commands" loop>
            <Command.Input
              value={words}
              onValueChange={setWords}
              placeholder="Search runs, or type a command"
              className="h-12 w-full border-b bg-transparent px-md text-body outline-none placeholder:text-neutral-shadow-ink"
            />
            <Command.List className="max-h-[min(60vh,26rem)] overflow-y-auto p-sm [&_[cmdk-group-heading]]:px-sm [&_[cmdk-group-heading]]:py-xs [&_[cmdk-group-heading]]:text-caption [&_[cmdk-group-heading]]:text-neutral-shadow-ink">
              <Command.Empty className="p-md text-center text-neutral-shadow-ink">Nothing found.</Command.Empty>
              {groups.map((group) => (
                <Command.Group key={group} heading={group}>
                  {commands
                    .filter((command) => command.group === group)
                    .map((command) => (
                      <Item key={command.id} value={`${command.text} ${command.id}`} onSelect={run(command.run)}>
                        <span className="flex-1">{command.text}</span>
                        {command.keys !== undefined && <Kbd>{command.keys}</Kbd>}
                      </Item>
                    ))}
                </Command.Group>
              ))}
              {runs.length > 0 && (
                <Command.Group heading="Runs">
                  {runs.map((each) => (
                    <Item key={each.run_id} value={`${each.prompt} ${each.github_url} ${each.run_id}`} onSelect={run(() => router.push(`/stream?run=${each.run_id}`))}>
                      <Status status={each.status} className="w-24 shrink-0" />
                      <span className="min-w-0 flex-1 truncate">{visible(each.prompt)}</span>
                      <span className="max-w-36 truncate text-caption text-neutral-shadow-ink max-sm:hidden">{visible(repositoryName(each.github_url))}</span>
                      <span className="text-caption whitespace-nowrap text-neutral-shadow-ink">{ago(each.created_at)}</span>
                    </Item>
                  ))}
                  {runs
                    .filter((each) => !runHasEnded(each.status))
                    .map((each) => (
                      <Item key={`cancel ${each.run_id}`} value={`cancel ${each.prompt} ${each.run_id}`} onSelect={run(() => onCancelRun(each))}>
                        <Square aria-hidden className="size-3.5 shrink-0 text-semantic-error-ink" />
                        <span className="min-w-0 flex-1 truncate">Cancel run: {visible(each.prompt)}</span>
                      </Item>
                    ))}
                </Command.Group>
              )}
            </Command.List>
          </Command>
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

function Item(props: React.ComponentProps<typeof Command.Item>) {
  return (
    <Command.Item
      className="flex min-h-9 cursor-pointer items-center gap-sm rounded-md px-sm py-1.5 data-[selected=true]:bg-neutral-fog pointer-coarse:min-h-11"
      {...props}
    />
  );
}
