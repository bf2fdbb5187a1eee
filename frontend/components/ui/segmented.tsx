import type { ReactNode } from "react";
import { cn } from "@/lib/utils";

interface SegmentedProps<T extends string | number> {
  /** What is chosen, for those who cannot see it. */
  label: string;
  name: string;
  options: readonly { value: T; label: ReactNode }[];
  value: T;
  onChange: (value: T) => void;
  className?: string;
}

/** One of a few, all in sight: radio buttons that look like a switch. */
export function Segmented<T extends string | number>({ label, name, options, value, onChange, className }: SegmentedProps<T>) {
  return (
    <div role="radiogroup" aria-label={label} className={cn("inline-flex gap-0.5 rounded-md bg-neutral-fog p-0.5", className)}>
      {options.map((option) => (
        <label
          key={option.value}
          className="inline-flex min-h-7 items-center justify-center gap-1.5 rounded-sm px-3 font-medium whitespace-nowrap text-neutral-shadow-ink hover:text-neutral-charcoal has-checked:bg-neutral-white has-checked:text-neutral-charcoal has-checked:shadow-sm has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-ai-primary-ink pointer-coarse:min-h-11 [&_svg]:size-3.5"
        >
          <input
            type="radio"
            className="sr-only"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </div>
  );
}
