import { shareToken, withShare } from "./share";
import type { AcceptedRun, ApiKey, Credential, Models, NewApiKey, NewApiKeyRequest, NewCredential, NewPassword, NewPublication, NewRun, NewShare, NewWebhook, NewWebhookRequest, Problem, Registration, Repository, Run, RunPage, RunStatus, Share, User, Verification, Webhook } from "./types";

const BASE = "/api/v1";

/** What the server said no with, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.name = "ApiError";
  }

  /** The first message about each field, and about each part of a field by its path, such as `variants.0.model`. */
  get fields(): Record<string, string> {
    const result: Record<string, string> = {};
    for (const { loc, msg } of this.problem.errors ?? []) {
      // The first step is the part of the request: body, query or path.
      const [field = "", ...rest] = loc.slice(1);
      result[field] ??= msg;
      result[[field, ...rest].join(".")] ??= msg;
    }
    return result;
  }
}

/** Asks the API; `json` and `done` say what is made of its answer. */
export async function request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const share = path.startsWith("/runs/") ? shareToken() : null;
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers: { Accept: "application/json", ...(share === null ? {} : { "X-Share-Token": share }), ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, { detail: "The server cannot be reached. Check the connection, then try again." });
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  throw new ApiError(response.status, problem);
}

export const json = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T;
export const done = async (response: Promise<Response>): Promise<void> => {
  await response;
};

/** What a judge is among the variations of a run, and who publishes one of them. */
const JUDGE = 255;
export const PUBLISHER = 254;

const run = (id: string) => `/runs/${encodeURIComponent(id)}`;
const webhook = (id: string) => `/webhooks/${encodeURIComponent(id)}`;

export interface Credentials {
  email: string;
  password: string;
}

/** Who wants an account, with the token of an invitation where one is needed. */
export type NewAccount = Credentials & { invitation?: string };

/** Which runs: a page of those in a state (`""`: any) whose prompt, repository or id has the words of `q`. */
export interface RunsQuery {
  page?: number;
  perPage?: number;
  status?: RunStatus | "";
  q?: string;
}

/** The endpoints that the page uses. Failures are `ApiError`s. */
export const api = {
  me: () => json<User>(request("GET", "/auth/me")),
  registration: () => json<Registration>(request("GET", "/auth/registration")),
  register: (who: NewAccount) => json<User>(request("POST", "/auth/register", who)),
  login: (who: Credentials) => done(request("POST", "/auth/login", who)),
  changePassword: (passwords: NewPassword) => done(request("POST", "/auth/password", passwords)),
  logout: () => done(request("POST", "/auth/logout")),

  apiKeys: () => json<ApiKey[]>(request("GET", "/auth/api-keys")),
  createApiKey: (key: NewApiKeyRequest) => json<NewApiKey>(request("POST", "/auth/api-keys", key)),
  revokeApiKey: (id: string) => done(request("DELETE", `/auth/api-keys/${encodeURIComponent(id)}`)),

  credentials: () => json<Credential[]>(request("GET", "/credentials")),
  createCredential: (credential: NewCredential) => json<Credential>(request("POST", "/credentials", credential)),
  deleteCredential: (id: string) => done(request("DELETE", `/credentials/${encodeURIComponent(id)}`)),

  webhooks: () => json<Webhook[]>(request("GET", "/webhooks")),
  createWebhook: (body: NewWebhookRequest) => json<NewWebhook>(request("POST", "/webhooks", body)),
  deleteWebhook: (id: string) => done(request("DELETE", webhook(id))),
  /** Sends it a ping; the list has what came of it. */
  testWebhook: (id: string) => done(request("POST", `${webhook(id)}/test`)),
  enableWebhook: (id: string) => done(request("POST", `${webhook(id)}/enable`)),

  shares: (id: string) => json<Share[]>(request("GET", `${run(id)}/shares`)),
  createShare: (id: string, days: number) => json<NewShare>(request("POST", `${run(id)}/shares`, { expires_in_days: days })),
  revokeShare: (id: string, share: string) => done(request("DELETE", `${run(id)}/shares/${encodeURIComponent(share)}`)),

  repository: (url: string, ref: string) => {
    const query = new URLSearchParams(ref === "" ? { url } : { url, ref });
    return json<Repository>(request("GET", `/repos/check?${query}`));
  },
  models: () => json<Models>(request("GET", "/models")),
  runs: ({ page = 1, perPage = 20, status = "", q = "" }: RunsQuery) => {
    const query = new URLSearchParams({ page: String(page), per_page: String(perPage), ...(status === "" ? {} : { status }), ...(q === "" ? {} : { q }) });
    return json<RunPage>(request("GET", `/runs?${query}`));
  },
  run: (id: string) => json<Run>(request("GET", run(id))),
  createRun: (body: NewRun, idempotencyKey: string) =>
    json<AcceptedRun>(request("POST", "/runs", body, { "Idempotency-Key": idempotencyKey })),
  cancelRun: (id: string) => done(request("DELETE", run(id))),
  /** Has the results compared by a model; ready when its Job has ended, which its stream tells. */
  judge: async (id: string) => {
    await request("POST", `${run(id)}/judge`, {});
    await (await request("GET", `${run(id)}/stream?variation=${JUDGE}`)).text();
  },
  retryVariation: (id: string, variation: number) => done(request("POST", `${run(id)}/variations/${variation}/retry`)),
  cancelVariation: (id: string, variation: number) => done(request("POST", `${run(id)}/variations/${variation}/cancel`)),
  select: (id: string, variation: number, cancelOthers: boolean) =>
    done(request("POST", `${run(id)}/select`, { winning_variation_id: variation, ...(cancelOthers ? { cancel_others: true } : {}) })),
  /** Has the picked result pushed; the run that comes back has the publication. */
  publish: (id: string, publication: NewPublication) => json<Run>(request("POST", `${run(id)}/publish`, publication)),
  unselect: (id: string) => done(request("DELETE", `${run(id)}/select`)),
  /** Against the base, or against the tree of the variation `from`. */
  patch: async (id: string, variation: number, from?: number) =>
    (await request("GET", `${run(id)}/variations/${variation}/patch${from === undefined ? "" : `?from=${from}`}`, undefined, { Accept: "text/x-diff" })).text(),
  verify: (id: string, variation: number) => json<Verification>(request("GET", `${run(id)}/variations/${variation}/verify`)),
};

/** Addresses that are opened or followed, not fetched as JSON. */
export const paths = {
  stream: (id: string) => withShare(`${BASE}${run(id)}/stream`),
  publisherStream: (id: string) => `${BASE}${run(id)}/stream?variation=${PUBLISHER}`,
  publisherLog: (id: string) => `${BASE}${run(id)}/variations/${PUBLISHER}/logs?format=text`,
  rawLog: (id: string, variation: number) => withShare(`${BASE}${run(id)}/variations/${variation}/logs?format=raw`),
  /** The log of an attempt with the cluster's times, as it is stored. */
  storedLog: (id: string, variation: number, attempt: number) => withShare(`${BASE}${run(id)}/variations/${variation}/logs?format=timestamps&attempt=${attempt}`),
  patch: (id: string, variation: number) => withShare(`${BASE}${run(id)}/variations/${variation}/patch`),
};
