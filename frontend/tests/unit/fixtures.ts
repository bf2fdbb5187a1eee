import type { Run, Variation, VariationStatus } from "@/lib/types";

export const TIME = "2026-01-02T03:04:05Z";

export const variation = (id: number, status: VariationStatus = "queued"): Variation => ({
  variation_id: id,
  attempt: 0,
  job_name: `agent-run-1-${id}`,
  status,
  engine: "builtin",
  cancel_requested: false,
  timings: {},
  checks: [],
});

export const run = (...variations: Variation[]): Run => ({
  run_id: "run-1",
  status: "pending",
  github_url: "https://example.com/a.git",
  base_sha: "0".repeat(40),
  prompt: "do it",
  namespace: "aideator",
  created_at: TIME,
  checks: [],
  limits: {},
  uses: { git_credential: false, provider_key: false },
  checks_before: false,
  earlier_attempts: [],
  variations,
});
