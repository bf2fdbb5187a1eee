"use client";

import { Dialog as RadixDialog } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/utils";
import { Button } from "./button";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** What the dialog says, read out with its title; other content goes below it. */
  description?: ReactNode;
  children?: ReactNode;
  className?: string;
}

/** A surface above the page: takes the focus, gives it back. */
export function Dialog({ open, onOpenChange, title, description, children, className }: DialogProps) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-50 bg-[hsl(222_60%_12%/0.45)] data-[state=open]:animate-in data-[state=open]:fade-in-0 dark:bg-[hsl(224_60%_3%/0.65)]" />
        <RadixDialog.Content
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={cn(
            "fixed top-1/2 left-1/2 z-50 grid max-h-[calc(100dvh-2rem)] w-[calc(100%-2rem)] max-w-md -translate-x-1/2 -translate-y-1/2 gap-md overflow-y-auto rounded-lg border bg-neutral-white p-lg shadow-lg",
            className,
          )}
        >
          <RadixDialog.Title className="flex items-center gap-sm text-body-lg font-semibold">{title}</RadixDialog.Title>
          {description !== undefined && (
            <RadixDialog.Description asChild>
              <div className="text-neutral-shadow-ink">{description}</div>
            </RadixDialog.Description>
          )}
          {children}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

interface Option {
  text: string;
  run: () => void;
  primary?: boolean;
  danger?: boolean;
}

interface ChoiceProps extends Omit<DialogProps, "description" | "className"> {
  children: ReactNode;
  /** The word on the button that does nothing. */
  keep?: string;
  options: readonly Option[];
}

/** Asks what to do, with a way out that does nothing. */
export function Choice({ open, onOpenChange, title, children, keep = "Not yet", options }: ChoiceProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title} description={children}>
      <div className="flex flex-wrap justify-end gap-sm">
        <Button variant="ghost" onClick={() => onOpenChange(false)}>
          {keep}
        </Button>
        {options.map((option) => (
          <Button
            key={option.text}
            variant={option.danger === true ? "danger" : option.primary === true ? "primary" : "outline"}
            onClick={() => {
              onOpenChange(false);
              option.run();
            }}
          >
            {option.text}
          </Button>
        ))}
      </div>
    </Dialog>
  );
}

interface ConfirmProps extends Omit<ChoiceProps, "options" | "keep"> {
  /** The word on the button that does it. */
  action: string;
  onConfirm: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ action, onConfirm, ...props }: ConfirmProps) {
  return <Choice {...props} keep="Keep" options={[{ text: action, run: onConfirm, danger: true }]} />;
}
