import type { ComponentProps } from "react";
import { cn } from "@/lib/utils";

/** The page below the header. `wide` uses the whole window, as runs do. */
export function Container({ wide = false, className, ...props }: ComponentProps<"main"> & { wide?: boolean }) {
  return (
    <main
      id="main"
      tabIndex={-1}
      className={cn("w-full px-md pb-xl outline-none xl:px-lg", wide ? "pt-md" : "mx-auto max-w-[75rem] pt-lg md:pt-xl", className)}
      {...props}
    />
  );
}
