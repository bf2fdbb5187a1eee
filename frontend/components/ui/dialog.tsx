"use client";

import dynamic from "next/dynamic";
import type { ReactNode } from "react";
import { Button } from "./button";

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** What the dialog says, read out with its title; other content goes below it. */
  description?: ReactNode;
  children?: ReactNode;
  className?: string;
}

const DialogSurface = dynamic(() => import("./dialog-surface").then((module) => module.DialogSurface), { ssr: false });

/** A surface above the page; no page is opened with one, so its code comes when one opens. */
export const Dialog = (props: DialogProps) => (props.open ? <DialogSurface {...props} /> : null);

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
      <div className="flex justify-end gap-sm max-sm:flex-col-reverse">
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
