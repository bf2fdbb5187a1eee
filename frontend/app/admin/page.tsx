import type { Metadata } from "next";
import { Suspense } from "react";
import { RequireAccount } from "@/components/account/RequireAccount";
import { Admin } from "@/components/admin/Admin";
import { Container } from "@/components/layout/Container";

export const metadata: Metadata = { title: "Admin" };

export default function AdminPage() {
  return (
    <Container>
      <h1 className="mb-md text-h2 font-semibold">Admin</h1>
      <RequireAccount>
        <Suspense>
          <Admin />
        </Suspense>
      </RequireAccount>
    </Container>
  );
}
