import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/utils";

/** A surface with a hairline around it. */
export function Card({ className, ...props }: ComponentProps<"section">) {
  return <section className={cn("min-w-0 rounded-lg border bg-neutral-paper", className)} {...props} />;
}

interface CardHeaderProps {
  id?: string;
  icon?: ReactNode;
  title: string;
  /** A few words beside the title. */
  note?: ReactNode;
  children?: ReactNode;
}

/** What a card is, and at its end what can be done with it. */
export function CardHeader({ id, icon, title, note, children }: CardHeaderProps) {
  return (
    <div className={cn("flex min-h-11 flex-wrap items-center gap-x-md gap-y-xs border-b px-md py-xs", note !== undefined && "max-md:py-sm")}>
      <h2 id={id} className="flex items-center gap-sm text-body-sm font-semibold [&>svg]:size-4">
        {icon}
        {title}
      </h2>
      {note !== undefined && <p className="text-caption text-neutral-shadow-ink">{note}</p>}
      {children !== undefined && <div className="ml-auto flex items-center gap-sm">{children}</div>}
    </div>
  );
}
