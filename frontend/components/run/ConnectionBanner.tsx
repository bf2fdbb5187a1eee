"use client";

import { Columns2, Eye, Play, RotateCw, X, type LucideIcon } from "lucide-react";
import Link from "next/link";
import { useState, type ReactNode } from "react";
import { useNow } from "@/hooks/useNow";
import { plural } from "@/lib/format";
import type { Recovery } from "@/lib/run-store";
import type { Connection } from "@/lib/sse";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";

interface ConnectionBannerProps {
  connection: Connection;
  recovery: Recovery | null;
  onRetry: () => void;
}

/** Says when the stream is not what one sees, and what came of it when it is back; nothing while all is well. */
export function ConnectionBanner({ connection, recovery, onRetry }: ConnectionBannerProps) {
  const now = useNow(connection.state === "waiting");
  const [seen, setSeen] = useState(0);
  if (connection.state === "refused") {
    const signedOut = connection.status === 401;
    return (
      <Alert tone="error" className="mb-md" action={signedOut ? <SignInLink /> : <Retry onRetry={onRetry} />}>
        <b className="font-semibold">{signedOut ? "Your session has ended." : "The stream was refused."}</b>{" "}
        {signedOut ? "What you see stays. Sign in to go on where you are." : connection.message}
      </Alert>
    );
  }
  if (connection.state === "waiting") {
    const seconds = Math.max(1, Math.ceil((connection.at - now) / 1000));
    return (
      <Alert tone="warning" className="mb-md" action={<Retry onRetry={onRetry} />}>
        <b className="font-semibold">Connection lost.</b> Retrying in {seconds} s. The stream goes on after the last line received.
      </Alert>
    );
  }
  if (recovery === null || recovery.at === seen) return null;
  return (
    <Alert
      tone="info"
      className="mb-md"
      action={
        <Button variant="ghost" size="icon-sm" aria-label="Close" onClick={() => setSeen(recovery.at)}>
          <X aria-hidden />
        </Button>
      }
    >
      <b className="font-semibold">Back.</b> {recovery.lines === 0 ? "No line was missed." : `Recovered ${plural(recovery.lines, "line")}, none lost.`}
    </Alert>
  );
}

function Retry({ onRetry }: { onRetry: () => void }) {
  return (
    <Button size="sm" onClick={onRetry}>
      <RotateCw aria-hidden />
      Retry now
    </Button>
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

/** A word about what is shown, and what can be done about it. */
function Notice({ icon: Icon, label, onAction, children }: { icon: LucideIcon; label: string; onAction: () => void; children: ReactNode }) {
  return (
    <Alert
      tone="info"
      className="mb-md"
      action={
        <Button size="sm" onClick={onAction}>
          <Icon aria-hidden />
          {label}
        </Button>
      }
    >
      {children}
    </Alert>
  );
}

/** The display stands still; what has come since is kept. */
export function PauseBanner({ lines, onResume }: { lines: number; onResume: () => void }) {
  return (
    <Notice icon={Play} label="Resume" onAction={onResume}>
      <b className="font-semibold">Updates paused.</b> <span aria-live="off">{lines === 0 ? "Nothing new yet." : `${plural(lines, "new line")} kept.`}</span>
    </Notice>
  );
}

/** Who did what is not to be known yet. */
export function BlindBanner({ onShow }: { onShow: () => void }) {
  return (
    <Notice icon={Eye} label="Show" onAction={onShow}>
      <b className="font-semibold">Judged blind.</b> Models, settings, time and cost are hidden until you select one.
    </Notice>
  );
}

/** Everything is there to be compared. */
export function DoneBanner({ agents, onCompare }: { agents: number; onCompare: () => void }) {
  return (
    <Notice icon={Columns2} label="Compare" onAction={onCompare}>
      <b className="font-semibold">All {agents} agents have ended.</b> Compare what they changed, then select one.
    </Notice>
  );
}
