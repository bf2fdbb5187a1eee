"use client";

import { UserRound } from "lucide-react";
import Link from "next/link";
import { useTheme } from "next-themes";
import { useLogout, useMe } from "@/hooks/useAPI";
import { useStored } from "@/hooks/useStored";
import { SINGLE_KEYS } from "../layout/single-keys";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { Segmented } from "../ui/segmented";

const THEMES = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

/** Who is signed in, and how this browser shows the page. */
export function AccountCard() {
  const me = useMe();
  const logout = useLogout();
  const { theme = "system", setTheme } = useTheme();
  const [keys, setKeys] = useStored(SINGLE_KEYS, ["on", "off"]);
  return (
    <Card aria-labelledby="account">
      <CardHeader id="account" title="Account" icon={<UserRound aria-hidden />} />
      <div className="divide-y [&>div]:flex [&>div]:min-h-12 [&>div]:flex-wrap [&>div]:items-center [&>div]:justify-between [&>div]:gap-sm [&>div]:px-md [&>div]:py-sm">
        <div>
          <span className="min-w-0 truncate font-medium">{me.data?.email}</span>
          <Button onClick={() => logout.mutate()} disabled={logout.isPending}>
            Sign out
          </Button>
        </div>
        {me.data?.role === "admin" && (
          <div>
            <span>Admin of this server</span>
            <Button asChild>
              <Link href="/admin">Users, runs, usage</Link>
            </Button>
          </div>
        )}
        <div>
          <span>Colours</span>
          <Segmented label="Colours" name="theme" options={THEMES} value={THEMES.find(({ value }) => value === theme)?.value ?? "system"} onChange={setTheme} />
        </div>
        <div>
          <label htmlFor="single-keys">Single-key shortcuts</label>
          <input id="single-keys" type="checkbox" className="size-5 accent-[hsl(var(--ai-primary-ink))]" checked={keys === "on"} onChange={(event) => setKeys(event.target.checked ? "on" : "off")} />
        </div>
      </div>
    </Card>
  );
}
