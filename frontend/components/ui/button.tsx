"use client";

import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/utils";

const buttonVariants = cva(
  "inline-flex items-center justify-center gap-1.5 whitespace-nowrap rounded-md border font-medium transition-colors duration-150 [&_svg]:size-4 [&_svg]:shrink-0 disabled:cursor-not-allowed disabled:border-neutral-fog disabled:bg-neutral-fog/50 disabled:text-neutral-shadow-ink aria-pressed:border-ai-primary-ink aria-pressed:bg-ai-primary/10 aria-pressed:text-ai-primary-ink",
  {
    variants: {
      variant: {
        primary: "fill-ink border-transparent font-semibold [--fill:var(--ai-primary-ink)] disabled:bg-neutral-fog",
        agent: "fill-ink border-transparent font-semibold [--fill:var(--a-ink)] disabled:bg-neutral-fog",
        secondary: "border-2 border-ai-secondary-ink font-semibold text-ai-secondary-ink hover:bg-ai-secondary/10",
        outline: "border-neutral-edge/60 bg-neutral-white text-neutral-charcoal hover:bg-neutral-fog/60",
        danger: "border-neutral-edge/60 bg-neutral-white text-semantic-error-ink hover:bg-neutral-fog/60",
        ghost: "border-transparent bg-transparent text-neutral-charcoal hover:bg-neutral-fog/60",
      },
      size: {
        sm: "min-h-7 px-sm text-caption pointer-coarse:min-h-9",
        md: "min-h-8 px-3 text-body-sm pointer-coarse:min-h-11",
        lg: "min-h-11 px-lg text-body-sm",
        icon: "size-8 text-body-sm pointer-coarse:size-11",
        "icon-sm": "size-7 text-caption pointer-coarse:size-9",
      },
    },
    defaultVariants: { variant: "outline", size: "md" },
  },
);

export interface ButtonProps extends ComponentProps<"button">, VariantProps<typeof buttonVariants> {
  /** Gives its looks to its only child, a link for example. */
  asChild?: boolean;
}

export function Button({ className, variant, size, asChild = false, type = "button", ...props }: ButtonProps) {
  const classes = cn(buttonVariants({ variant, size }), className);
  if (asChild) return <Slot.Root className={classes} {...props} />;
  return <button type={type} className={classes} {...props} />;
}
