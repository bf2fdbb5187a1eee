import Link from "next/link";
import { Container } from "@/components/layout/Container";
import { Button } from "@/components/ui/button";

export default function NotFound() {
  return (
    <Container className="grid justify-items-start gap-md">
      <h1 className="text-h2 font-semibold">There is no such page</h1>
      <p>Runs are listed under “Runs”; a run of another account is not shown.</p>
      <Button asChild variant="primary" size="lg">
        <Link href="/">Start a run</Link>
      </Button>
    </Container>
  );
}
