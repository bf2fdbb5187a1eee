import type { Metadata } from "next";
import { Suspense } from "react";
import { SignIn } from "@/components/account/SignIn";
import { Container } from "@/components/layout/Container";

export const metadata: Metadata = { title: "Sign in" };

export default function LoginPage() {
  return (
    <Container className="grid justify-items-center gap-md">
      <h1 className="text-h2 font-semibold">Sign in to AIdeator</h1>
      <Suspense>
        <SignIn />
      </Suspense>
    </Container>
  );
}
