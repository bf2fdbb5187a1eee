"use client";

import { useRouter } from "next/navigation";
import { useEffect, type ReactNode } from "react";
import { useMe } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { Alert } from "../ui/alert";
import { Skeleton } from "@/components/ui/skeleton";

/** Shows its children to who is signed in; sends everybody else to the sign-in page, and back to where they were. */
export function RequireAccount({ children }: { children: ReactNode }) {
  const router = useRouter();
  const me = useMe();
  const signedOut = me.error instanceof ApiError && me.error.status === 401;
  // Who was signed in until now is told why the page changes.
  const ended = signedOut && me.data !== undefined;
  useEffect(() => {
    if (!signedOut) return;
    const here = window.location.pathname + window.location.search + window.location.hash;
    router.replace(`/login?next=${encodeURIComponent(here)}${ended ? "&ended=1" : ""}`);
  }, [router, signedOut, ended]);
  if (me.isError && !signedOut) return <Alert tone="error">{me.error.message}</Alert>;
  if (me.data === undefined) return <Skeleton className="h-64" />;
  return children;
}
