import type { Metadata } from "next";
import { Suspense } from "react";
import { Container } from "@/components/layout/Container";
import { RunPage } from "@/components/run/RunPage";

export const metadata: Metadata = { title: "Run" };

export default function StreamPage() {
  return (
    <Container wide>
      <Suspense>
        <RunPage />
      </Suspense>
    </Container>
  );
}
