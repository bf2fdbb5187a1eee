import type { Metadata } from "next";
import { Suspense } from "react";
import { RequireAccount } from "@/components/account/RequireAccount";
import { Container } from "@/components/layout/Container";
import { History } from "@/components/runs/History";

export const metadata: Metadata = { title: "Runs" };

export default function RunsPage() {
  return (
    <Container>
      <h1 className="mb-md text-h2 font-semibold">Runs</h1>
      <RequireAccount>
        <Suspense>
          <History />
        </Suspense>
      </RequireAccount>
    </Container>
  );
}
