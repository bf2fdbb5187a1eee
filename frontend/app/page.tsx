import { Box, Columns2, GitBranch, SquareTerminal } from "lucide-react";
import { Suspense } from "react";
import { Container } from "@/components/layout/Container";
import { Home } from "@/components/runs/Home";
import { Card } from "@/components/ui/card";

const STEPS = [
  { icon: Box, title: "Each agent gets its own Job", text: "One pod, one clone, no shared disk." },
  { icon: SquareTerminal, title: "You watch the logs live", text: "Line for line what kubectl prints." },
  { icon: Columns2, title: "You compare and pick", text: "Checks first, then the diffs." },
  { icon: GitBranch, title: "You apply it with git", text: "Nothing is pushed unless you ask." },
];

export default function HomePage() {
  return (
    <Container>
      <div className="mb-lg grid gap-sm">
        <h1 className="text-h2 font-bold tracking-tight text-balance md:text-h1">One prompt, up to five agents, one patch you choose.</h1>
        <p className="max-w-[46rem] text-body text-pretty text-neutral-shadow-ink md:text-body-lg">
          Each agent works on your repository in a Kubernetes Job of its own. Watch their logs live, compare the diffs, apply the best with git.
        </p>
      </div>
      <Suspense>
        <Home
          steps={
            <Card aria-label="What happens">
              <ol className="grid gap-3 p-md">
                {STEPS.map(({ icon: Icon, title, text }) => (
                  <li key={title} className="grid grid-cols-[1.25rem_1fr] gap-sm text-caption text-neutral-shadow-ink">
                    <Icon aria-hidden className="mt-0.5 size-4 text-ai-primary-ink" />
                    <span>
                      <b className="block font-semibold text-neutral-charcoal">{title}</b>
                      {text}
                    </span>
                  </li>
                ))}
              </ol>
            </Card>
          }
        />
      </Suspense>
    </Container>
  );
}
