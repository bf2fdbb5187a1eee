import type { Metadata } from "next";
import { AccountCard } from "@/components/account/AccountCard";
import { ApiKeys } from "@/components/account/ApiKeys";
import { RequireAccount } from "@/components/account/RequireAccount";
import { Container } from "@/components/layout/Container";

export const metadata: Metadata = { title: "Settings" };

export default function SettingsPage() {
  return (
    <Container>
      <h1 className="mb-md text-h2 font-semibold">Settings</h1>
      <RequireAccount>
        <div className="grid gap-lg">
          <ApiKeys />
          <AccountCard />
        </div>
      </RequireAccount>
    </Container>
  );
}
