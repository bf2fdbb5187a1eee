import type { Role } from "@/lib/types";

/** Beside who has more rights than others. */
export const RoleBadge = ({ role }: { role: Role }) =>
  role === "admin" && <span className="rounded-sm border border-ai-primary-ink px-1.5 text-caption leading-4 text-ai-primary-ink">admin</span>;
