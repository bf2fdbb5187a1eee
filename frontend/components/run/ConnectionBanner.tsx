"use client";

import { RotateCw } from "lucide-react";
import Link from "next/link";
import { useNow } from "@/hooks/useNow";
import type { Connection } from "@/lib/sse";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";

/** Says when the stream is not what one sees; nothing while all is well. */
export function ConnectionBanner({ connection, onRetry }: { connection: Connection; onRetry: () => void }) {
  const now = useNow(connection.state === "waiting");
  if (connection.state === "refused") {
    return (
      <Alert tone="error" className="mb-md" action={connection.status === 401 ? <SignInLink /> : undefined}>
        {connection.message}
      </Alert>
    );
  }
  if (connection.state !== "waiting") return null;
  const seconds = Math.max(1, Math.ceil((connection.at - now) / 1000));
  return (
    <Alert
      tone="warning"
      className="mb-md"
      action={
        <Button size="sm" onClick={onRetry}>
          <RotateCw aria-hidden />
          Retry now
        </Button>
      }
    >
      <b className="font-semibold">Connection lost.</b> Retrying in {seconds} s. The stream goes on after the last line received.
    </Alert>
  );
}

/** To the sign-in page, and back to what is looked at. */
function SignInLink() {
  const here = window.location.pathname + window.location.search;
  return (
    <Button asChild size="sm">
      <Link href={`/login?next=${encodeURIComponent(here)}`}>Sign in again</Link>
    </Button>
  );
}
