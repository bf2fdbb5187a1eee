import { CircleAlert } from "lucide-react";
import { useId, type ComponentProps, type ReactNode } from "react";
import { cn } from "@/lib/utils";
import { Label } from "./label";

/** How everything looks that text is typed into. */
export const control =
  "w-full rounded-md border border-neutral-edge bg-neutral-white px-3 py-sm text-body-sm transition-colors hover:border-neutral-shadow-ink aria-invalid:border-semantic-error-ink aria-invalid:shadow-[inset_0_0_0_1px_hsl(var(--semantic-error-ink))] max-md:text-body";

interface FieldProps {
  label: string;
  /** Said after the label, quieter. */
  aside?: ReactNode;
  /** Something to do with the field, opposite of its label. */
  action?: ReactNode;
  help?: ReactNode;
  /** Why what was entered is not accepted; takes the place of `help`. */
  error?: string | undefined;
}

function Frame({ id, label, aside, action, help, error, children }: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="grid min-w-0 content-start gap-1.5">
      <div className="flex items-center justify-between gap-sm">
        <Label htmlFor={id}>
          {label}
          {aside !== undefined && <span className="font-normal text-neutral-shadow-ink"> {aside}</span>}
        </Label>
        {action}
      </div>
      {children}
      <div id={`${id}-help`} className="text-caption text-neutral-shadow-ink empty:hidden">
        {error === undefined ? (
          help
        ) : (
          <p role="alert" className="flex items-start gap-1.5 text-semantic-error-ink">
            <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
            <span>{error}</span>
          </p>
        )}
      </div>
    </div>
  );
}

export function InputField({ label, aside, action, help, error, className, ...props }: FieldProps & ComponentProps<"input">) {
  const id = useId();
  return (
    <Frame id={id} label={label} aside={aside} action={action} help={help} error={error}>
      <input id={id} aria-describedby={`${id}-help`} aria-invalid={error !== undefined} className={cn(control, "min-h-10 read-only:bg-neutral-fog/50 read-only:text-neutral-shadow-ink", className)} {...props} />
    </Frame>
  );
}

export function TextField({ label, aside, action, help, error, className, ...props }: FieldProps & ComponentProps<"textarea">) {
  const id = useId();
  return (
    <Frame id={id} label={label} aside={aside} action={action} help={help} error={error}>
      <textarea
        id={id}
        aria-describedby={`${id}-help`}
        aria-invalid={error !== undefined}
        className={cn(control, "max-h-[60vh] min-h-28 resize-y leading-relaxed [field-sizing:content]", className)}
        {...props}
      />
    </Frame>
  );
}
