import type { Metadata } from "next";
import { Suspense } from "react";
import { RequireAccount } from "@/components/account/RequireAccount";
import { Container } from "@/components/layout/Container";
import { RunPage } from "@/components/run/RunPage";

export const metadata: Metadata = { title: "Run" };

export default function StreamPage() {
  return (
    <Container wide>
      <RequireAccount>
        <Suspense>
          <RunPage />
        </Suspense>
      </RequireAccount>
    </Container>
  );
}
