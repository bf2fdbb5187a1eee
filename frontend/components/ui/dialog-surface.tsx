"use client";

import { Dialog as RadixDialog } from "radix-ui";
import { useRef } from "react";
import { cn } from "@/lib/utils";
import type { DialogProps } from "./dialog";

/** Gives the focus back to where it was: what is opened by a key, or by code that came late, has no button to give it to. */
export function useReturnFocus() {
  const before = useRef<Element | null>(null);
  return {
    onOpenAutoFocus: () => {
      before.current = document.activeElement;
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      if (before.current instanceof HTMLElement) before.current.focus();
    },
  };
}

/** A surface above the page: takes the focus, gives it back. */
export function DialogSurface({ open, onOpenChange, title, description, children, className }: DialogProps) {
  const focus = useReturnFocus();
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-50 bg-[hsl(222_60%_12%/0.45)] data-[state=open]:animate-in data-[state=open]:fade-in-0 dark:bg-[hsl(224_60%_3%/0.65)]" />
        <RadixDialog.Content
          {...focus}
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
