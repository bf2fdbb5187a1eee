"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import type { ComponentType } from "react";
import { useMe } from "@/hooks/useAPI";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "../ui/tabs";
import { AllRuns } from "./AllRuns";
import { Audit } from "./Audit";
import { Invitations } from "./Invitations";
import type { ListProps } from "./ListFrame";
import { UsageByDay } from "./UsageByDay";
import { Users } from "./Users";

const TABS: readonly { value: string; text: string; Content: ComponentType<ListProps> }[] = [
  { value: "users", text: "Users", Content: Users },
  { value: "runs", text: "Runs", Content: AllRuns },
  { value: "usage", text: "Usage", Content: UsageByDay },
  { value: "invitations", text: "Invitations", Content: Invitations },
  { value: "audit", text: "Audit", Content: Audit },
];

/** What an admin sees of all users, and does about it. Where one is, is in the address. */
export function Admin() {
  const router = useRouter();
  const search = useSearchParams();
  const me = useMe();
  if (me.data?.role !== "admin") {
    return (
      <div className="grid justify-items-start gap-md">
        <Alert tone="info">
          This page is for admins of this server, and {me.data?.email} is none. The first account is one; the operator makes others with <code>aideator create-user EMAIL --admin</code>.
        </Alert>
        <Button asChild>
          <Link href="/runs">To your runs</Link>
        </Button>
      </div>
    );
  }
  const tab = TABS.find(({ value }) => value === search.get("tab"))?.value ?? "users";
  const page = Math.max(1, Number.parseInt(search.get("page") ?? "1", 10) || 1);
  const go = (next: string, nextPage = 1) => {
    const query = new URLSearchParams({ ...(next === "users" ? {} : { tab: next }), ...(nextPage === 1 ? {} : { page: String(nextPage) }) });
    router.replace(query.size === 0 ? "/admin" : `/admin?${query}`, { scroll: nextPage !== 1 });
  };
  return (
    <Card aria-label="All users" className="overflow-clip">
      <Tabs value={tab} onValueChange={(next) => go(next)}>
        <TabsList aria-label="What to see">
          {TABS.map(({ value, text }) => (
            <TabsTrigger key={value} value={value}>
              {text}
            </TabsTrigger>
          ))}
        </TabsList>
        {TABS.map(({ value, Content }) => (
          <TabsContent key={value} value={value}>
            <Content page={page} onPage={(next) => go(value, next)} />
          </TabsContent>
        ))}
      </Tabs>
    </Card>
  );
}
