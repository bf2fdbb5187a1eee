import type { Metadata } from "next";
import { AccountCard } from "@/components/account/AccountCard";
import { ApiKeys } from "@/components/account/ApiKeys";
import { PasswordCard } from "@/components/account/PasswordCard";
import { Credentials } from "@/components/account/Credentials";
import { RequireAccount } from "@/components/account/RequireAccount";
import { Webhooks } from "@/components/account/Webhooks";
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
          <Webhooks />
          <PasswordCard />
          <AccountCard />
        </div>
      </RequireAccount>
    </Container>
  );
}
