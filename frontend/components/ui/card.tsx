import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/utils";

/** A surface with a hairline around it. */
export function Card({ className, ...props }: ComponentProps<"section">) {
  return <section className={cn("min-w-0 rounded-lg border bg-neutral-paper", className)} {...props} />;
}

export function CardHeader({ icon, title, id, children }: { icon?: ReactNode; title: string; id?: string; children?: ReactNode }) {
  return (
    <div className="flex min-h-11 items-center gap-sm border-b px-md py-xs [&>svg]:size-4">
      {icon}
      <h2 id={id} className="text-body-sm font-semibold">
        {title}
      </h2>
      {children !== undefined && <div className="ml-auto flex items-center gap-sm">{children}</div>}
    </div>
  );
}
