/** The HTTP contract by the names that the page uses; `npm run generate` renews it from the server's OpenAPI file. */
import type { components } from "./openapi.gen";

type Schemas = components["schemas"];

export type RunStatus = Schemas["RunStatus"];
export type VariationStatus = Schemas["VariationStatus"];
export type Run = Schemas["RunView"];
export type Variation = Schemas["VariationView"];
export type Price = Schemas["PriceView"];
export type Models = Schemas["ModelsResponse"];
export type RunPage = Schemas["RunListResponse"];
export type NewRun = Schemas["CreateRunRequest"];
export type AcceptedRun = Schemas["CreateRunResponse"];
export type Check = Schemas["CheckResult"];
export type User = Schemas["UserResponse"];
/** Who may make an account now. */
export type Registration = Schemas["RegistrationResponse"];
/** An account, a run and a day's use as an admin sees them. */
export type AdminUser = Schemas["AdminUserResponse"];
export type AdminUserPage = Schemas["UserListResponse"];
export type AdminRun = Schemas["AdminRunResponse"];
export type AdminRunPage = Schemas["AdminRunListResponse"];
export type UsageDay = Schemas["UsageResponse"];
export type UsagePage = Schemas["UsageListResponse"];
/** A link with which somebody makes an account. */
export type Invitation = Schemas["InvitationResponse"];
export type AuditEntry = Schemas["AuditEntryResponse"];
export type AuditEvent = AuditEntry["event"];
export type AuditPage = Schemas["AuditListResponse"];
export type InvitationPage = Schemas["InvitationListResponse"];
export type NewInvitation = Schemas["CreateInvitationResponse"];
export type NewInvitationRequest = Schemas["CreateInvitationRequest"];
export type Role = Schemas["Role"];
export type NewPassword = Schemas["ChangePasswordRequest"];
export type ApiKey = Schemas["ApiKeyResponse"];
export type NewApiKeyRequest = Schemas["CreateApiKeyRequest"];
export type Scope = Schemas["Scope"];
export type NewApiKey = Schemas["CreateApiKeyResponse"];
export type Verdict = Schemas["Verdict"];
export type Verification = Schemas["VerifyResponse"];
/** A judge's advice on the results of a run. */
export type Judgement = Schemas["JudgementView"];
export type Credential = Schemas["CredentialView"];
export type CredentialKind = Schemas["CredentialKind"];
export type NewCredential = Schemas["CreateCredentialRequest"];
export type Webhook = Schemas["WebhookView"];
export type Delivery = Schemas["DeliveryView"];
export type NewWebhookRequest = Schemas["CreateWebhookRequest"];
export type NewWebhook = Schemas["CreateWebhookResponse"];
/** A picked result as a branch of its repository. */
export type Publication = Schemas["PublicationView"];
export type NewPublication = Schemas["PublishRequest"];
export type Share = Schemas["ShareView"];
export type NewShare = Schemas["CreateShareResponse"];
export type Repository = Schemas["CheckRepoResponse"];
/** `application/problem+json`. */
export type Problem = Schemas["Problem"];
/** What the page shows of a change; its hash is the API's business. */
export type PatchStats = Pick<Schemas["PatchStats"], "files" | "additions" | "deletions">;
export type Usage = Pick<Schemas["Usage"], "input_tokens" | "output_tokens" | "cost_usd">;

type Maybe<T> = T | null | undefined;

/** The events of a run's stream, with the event's name as `type`. */
export type StreamEvent =
  | { type: "heartbeat"; timestamp?: string }
  | {
      type: "agent_output";
      variation_id: number;
      content?: string;
      /** In place of `content`, for bytes that are not UTF-8. */
      content_base64?: string;
      /** More of the same line follows. */
      partial?: boolean;
      /** Where it begins in the stored log, bytes. */
      offset?: number;
      timestamp: string;
    }
  | {
      type: "agent_status";
      variation_id: number;
      status: VariationStatus;
      reason?: Maybe<string>;
      message?: Maybe<string>;
      hint?: Maybe<string>;
      /** Its place among those that wait for their turn. */
      position?: Maybe<number>;
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
  /** What follows of that variation is another attempt's. */
  | { type: "agent_retry"; variation_id: number; attempt: number; job_name: string; timestamp: string }
  | { type: "log_gap"; variation_id: number; reason: string; certain: boolean; after_timestamp?: Maybe<string> }
  | { type: "run_complete"; status: RunStatus; timestamp: string };

export const hasEnded = (status: VariationStatus): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled" || status === "lost";

export const runHasEnded = (status: RunStatus): boolean => status !== "pending" && status !== "running";
