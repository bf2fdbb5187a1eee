import type { ReactNode } from "react";

/** The agents side by side; below 1920 px the last cell is for what belongs to all of them. */
export function StreamGrid({ children }: { children: ReactNode }) {
  return (
    <section aria-label="Agents" className="grid grid-cols-1 gap-md md:grid-cols-2 lg:grid-cols-3 min-[120rem]:grid-cols-5">
      {children}
    </section>
  );
}
