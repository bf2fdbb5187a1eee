import type { ReactNode } from "react";
import { Kbd } from "../ui/kbd";

/** The key that does the same, beside what is clicked; not where there is no keyboard. */
export function KeyHint({ children }: { children: ReactNode }) {
  return (
    <span aria-hidden className="max-md:hidden pointer-coarse:hidden">
      <Kbd>{children}</Kbd>
    </span>
  );
}
