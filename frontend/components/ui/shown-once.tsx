import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Alert } from "./alert";
import { Button } from "./button";
import { Dialog } from "./dialog";

interface ShownOnceProps<T> {
  /** What the server has made and will not show again; nothing is open without it. */
  made: T | undefined;
  icon: LucideIcon;
  title: ReactNode;
  /** Why it is to be copied now. */
  warning: ReactNode;
  children: (made: T) => ReactNode;
  onClose: () => void;
}

/** The only time that a secret is in sight: it goes when one says so, or leaves the page. */
export function ShownOnce<T>({ made, icon: Icon, title, warning, children, onClose }: ShownOnceProps<T>) {
  return (
    <Dialog
      open={made !== undefined}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      className="max-w-xl"
      title={
        <>
          <Icon aria-hidden className="size-4" />
          {title}
        </>
      }
      description={<Alert tone="warning">{warning}</Alert>}
    >
      {made !== undefined && (
        <>
          {children(made)}
          <Button variant="primary" className="justify-self-end" onClick={onClose}>
            I have copied it
          </Button>
        </>
      )}
    </Dialog>
  );
}
