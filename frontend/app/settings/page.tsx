import type { Metadata } from "next";
import { AccountCard } from "@/components/account/AccountCard";
import { ApiKeys } from "@/components/account/ApiKeys";
import { Credentials } from "@/components/account/Credentials";
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
          <Credentials />
          <AccountCard />
        </div>
      </RequireAccount>
    </Container>
  );
}
