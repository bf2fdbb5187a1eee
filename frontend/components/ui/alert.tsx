import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/utils";

const TONES = {
  info: { icon: Info, box: "border-semantic-info/35 bg-semantic-info/10", ink: "text-semantic-info-ink", role: "status" },
  warning: { icon: TriangleAlert, box: "border-semantic-warning/35 bg-semantic-warning/10", ink: "text-semantic-warning-ink", role: "status" },
  error: { icon: CircleAlert, box: "border-semantic-error/35 bg-semantic-error/10", ink: "text-semantic-error-ink", role: "alert" },
} as const;

/** Something to know now, with what can be done about it as `action`. */
export function Alert({ tone, children, action, className }: { tone: keyof typeof TONES; children: ReactNode; action?: ReactNode; className?: string }) {
  const { icon: Icon, box, ink, role } = TONES[tone];
  return (
    <div role={role} className={cn("flex min-h-10 flex-wrap items-center gap-sm rounded-md border px-md py-sm", box, className)}>
      <Icon aria-hidden className={cn("size-4 shrink-0", ink)} />
      <div className="min-w-0 flex-[1_1_10rem]">{children}</div>
      {action}
    </div>
  );
}
