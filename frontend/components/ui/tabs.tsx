import { Tabs as RadixTabs } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/utils";

export const Tabs = RadixTabs.Root;

export function TabsList({ className, ...props }: ComponentProps<typeof RadixTabs.List>) {
  return <RadixTabs.List className={cn("flex gap-xs overflow-x-auto border-b bg-neutral-paper px-3", className)} {...props} />;
}

export function TabsTrigger({ className, ...props }: ComponentProps<typeof RadixTabs.Trigger>) {
  return (
    <RadixTabs.Trigger
      className={cn(
        "-mb-px inline-flex min-h-9 items-center gap-1.5 border-b-2 border-transparent px-3 font-medium whitespace-nowrap text-neutral-shadow-ink -outline-offset-2 hover:text-neutral-charcoal data-[state=active]:border-ai-primary-ink data-[state=active]:text-neutral-charcoal pointer-coarse:min-h-11",
        className,
      )}
      {...props}
    />
  );
}

export function TabsContent({ className, ...props }: ComponentProps<typeof RadixTabs.Content>) {
  return <RadixTabs.Content className={cn("min-w-0", className)} {...props} />;
}

/** A small number beside a tab's name. */
export function Count({ className, ...props }: ComponentProps<"span">) {
  return <span className={cn("rounded-full bg-neutral-fog px-1.5 text-caption font-medium tabular-nums text-neutral-charcoal", className)} {...props} />;
}
