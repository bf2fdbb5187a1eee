import type { ComponentProps } from "react";
import { cn } from "@/lib/utils";

/** A choice from a list: the browser's own, which works with keyboard, screen reader and phone. */
export function Select({ className, ...props }: ComponentProps<"select">) {
  return (
    <select
      className={cn(
        "select-arrow min-h-10 w-full min-w-0 appearance-none truncate rounded-md border border-neutral-edge bg-neutral-white py-1 pr-8 pl-3 text-body-sm hover:border-neutral-shadow-ink aria-invalid:border-semantic-error-ink pointer-coarse:min-h-11",
        className,
      )}
      {...props}
    />
  );
}
