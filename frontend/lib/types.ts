/** The HTTP contract, as far as the page uses it. Optional fields may also be null. */

export type RunStatus = "pending" | "running" | "completed" | "failed" | "cancelled";
export type VariationStatus = "queued" | "starting" | "running" | "succeeded" | "failed" | "cancelled" | "lost";

type Maybe<T> = T | null | undefined;

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cached_tokens?: Maybe<number>;
  /** US dollars. */
  cost_usd?: Maybe<number>;
}

export interface Check {
  command: string;
  /** Null when the check was killed. */
  exit_code: number | null;
  seconds: number;
  output_tail: string;
}

export interface PatchStats {
  files: number;
  additions: number;
  deletions: number;
}

export interface Variation {
  /** `0…N-1`; people see `1…N`. */
  variation_id: number;
  job_name: string;
  status: VariationStatus;
  reason?: Maybe<string>;
  message?: Maybe<string>;
  hint?: Maybe<string>;
  model?: Maybe<string>;
  temperature?: Maybe<number>;
  started_at?: Maybe<string>;
  ended_at?: Maybe<string>;
  exit_code?: Maybe<number>;
  summary?: Maybe<string>;
  usage?: Maybe<Usage>;
  checks?: Maybe<Check[]>;
  patch?: Maybe<PatchStats>;
}

export interface Run {
  run_id: string;
  status: RunStatus;
  github_url: string;
  ref?: Maybe<string>;
  base_sha?: Maybe<string>;
  prompt: string;
  created_at: string;
  finished_at?: Maybe<string>;
  winning_variation_id?: Maybe<number>;
  variations: Variation[];
}

export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  per_page: number;
  pages: number;
}

export interface NewRun {
  github_url: string;
  prompt: string;
  ref?: string;
  variations: number;
  agent_config?: { model: string };
  checks?: string[];
}

export interface AcceptedRun {
  run_id: string;
}

export interface User {
  id: string;
  email: string;
}

export interface ApiKey {
  id: string;
  name?: Maybe<string>;
  /** The first characters of the key, to recognise it by. */
  prefix?: Maybe<string>;
  created_at: string;
  expires_at?: Maybe<string>;
  last_used_at?: Maybe<string>;
}

export interface NewApiKey {
  /** The key itself: said once. */
  api_key: string;
  key_info: ApiKey;
}

export type Verdict = "identical" | "superset" | "pod_gone" | "mismatch";

export interface Verification {
  verdict: Verdict;
  complete: "yes" | "no" | "unknown";
  command: string;
}

/** `application/problem+json`. */
export interface Problem {
  title: string;
  status: number;
  /** A sentence that a person can act on. */
  detail: string;
  code: string;
  errors?: { loc: string[]; msg: string }[];
}

/** The events of a run's stream, with the event's name as `type`. */
export type StreamEvent =
  | { type: "heartbeat" }
  | {
      type: "agent_output";
      variation_id: number;
      content?: string;
      /** In place of `content`, for bytes that are not UTF-8. */
      content_base64?: string;
      /** More of the same line follows. */
      partial?: boolean;
      timestamp: string;
    }
  | {
      type: "agent_status";
      variation_id: number;
      status: VariationStatus;
      reason?: Maybe<string>;
      message?: Maybe<string>;
      hint?: Maybe<string>;
      timestamp: string;
    }
  | {
      type: "agent_error";
      variation_id: number;
      error: string;
      reason?: Maybe<string>;
      hint?: Maybe<string>;
      exit_code?: Maybe<number>;
      timestamp: string;
    }
  | {
      type: "agent_complete";
      variation_id: number;
      status: VariationStatus;
      exit_code?: Maybe<number>;
      lines: number;
      bytes: number;
      sha256: string;
      patch?: Maybe<PatchStats>;
      usage?: Maybe<Usage>;
      timestamp: string;
    }
  | { type: "log_gap"; variation_id: number; reason: string; certain: boolean; after_timestamp?: Maybe<string> }
  | { type: "run_complete"; status: RunStatus; timestamp: string };

export const hasEnded = (status: VariationStatus): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled" || status === "lost";

export const runHasEnded = (status: RunStatus): boolean => status !== "pending" && status !== "running";
