import type { AdminRun, AdminUser, AuditEntry, Invitation, UsageDay } from "../../lib/types";
import type { Replay } from "./replay";
import { ago } from "./scenes";

/* A server with a few accounts, as its admin sees it. */

const DAY = 86_400;

const user = (id: string, email: string, more: Partial<AdminUser> = {}): AdminUser => ({
  id: `user_${id}`,
  email,
  full_name: null,
  company: null,
  role: "user",
  created_at: ago(9 * DAY),
  disabled_at: null,
  last_seen_at: ago(240),
  api_keys: 1,
  runs: 12,
  today: { runs: 2, tokens: 96_000, known_cost_usd: 0.84 },
  ...more,
});

const USERS = [
  user("5", "mika@example.com", { full_name: "Mika Sato", created_at: ago(7000), last_seen_at: null, api_keys: 0, runs: 0, today: { runs: 0, tokens: 0, known_cost_usd: null } }),
  user("4", "release-bot@example.com", { company: "Example", api_keys: 3, runs: 148, today: { runs: 21, tokens: 2_410_000, known_cost_usd: null } }),
  user("3", "noor@example.com", { full_name: "Noor Haddad", company: "Example" }),
  user("2", "a.very.long.name.of.somebody.who.left@subsidiary.example.com", { disabled_at: ago(2 * DAY), last_seen_at: ago(3 * DAY), api_keys: 0, today: { runs: 0, tokens: 0, known_cost_usd: null } }),
  user("1", "replay@example.com", { role: "admin", last_seen_at: ago(5), runs: 31 }),
];

const run = (index: number, email: string, more: Partial<AdminRun>): AdminRun => ({
  run_id: `run-0198a7c41e5b7d2084c1f0a9b6d3e7${60 + index}`,
  user_id: `user_${index}`,
  email,
  status: "completed",
  variations: 3,
  created_at: ago(index * 5400),
  finished_at: ago(index * 5400 - 190),
  ...more,
});

const RUNS = [
  run(0, "release-bot@example.com", { status: "running", variations: 5, created_at: ago(70), finished_at: null }),
  run(1, "replay@example.com", { status: "pending", finished_at: null }),
  run(2, "noor@example.com", {}),
  run(3, "noor@example.com", { status: "failed", variations: 1 }),
  run(4, "release-bot@example.com", { status: "cancelled" }),
];

const USAGE: UsageDay[] = [0, 1, 2].flatMap((day) => [
  { user_id: "user_4", email: "release-bot@example.com", day: ago(day * DAY).slice(0, 10), runs: 21 - day, tokens: 2_410_000 - day * 77_000, known_cost_usd: null },
  { user_id: "user_3", email: "noor@example.com", day: ago(day * DAY).slice(0, 10), runs: 2 + day, tokens: 96_000, known_cost_usd: 0.84 },
]);

const invitation = (id: string, more: Partial<Invitation>): Invitation => ({
  id: `invite_${id}`,
  prefix: "aid_invite_7Qd0",
  state: "open",
  email: null,
  role: "user",
  created_by: "user_1",
  created_by_email: "replay@example.com",
  created_at: ago(5400),
  expires_at: ago(-6 * DAY),
  ...more,
});

const INVITATIONS = [
  invitation("4", { email: "lee@example.com", role: "admin" }),
  invitation("3", {}),
  invitation("2", { state: "used", email: "mika@example.com", used_by: "user_5", used_by_email: "mika@example.com", used_at: ago(7000) }),
  invitation("1", { state: "expired", created_at: ago(12 * DAY), expires_at: ago(5 * DAY) }),
];

const entry = (id: number, event: AuditEntry["event"], more: Partial<AuditEntry> = {}): AuditEntry => ({
  id,
  event,
  at: ago((9 - id) * 1800),
  last_at: ago((9 - id) * 1800),
  actor_id: "user_1",
  actor_email: "replay@example.com",
  account_id: "user_1",
  account_email: "replay@example.com",
  detail: {},
  address: "192.0.2.7",
  times: 1,
  ...more,
});

const noor = { actor_id: "user_3", actor_email: "noor@example.com", account_id: "user_3", account_email: "noor@example.com", address: "2001:db8:85a3::8a2e:370:7334" };

const AUDIT = [
  entry(8, "run_cancelled", { account_id: "user_4", account_email: "release-bot@example.com", subject: RUNS[0]?.run_id ?? null }),
  entry(7, "login_failed", { actor_id: null, actor_email: null, account_id: "user_3", account_email: "noor@example.com", address: "198.51.100.0", times: 41 }),
  entry(6, "api_key_created", { ...noor, subject: "key_0198a7c41e5b7d2084c1f0a9b6d3e755", detail: { scopes: "runs:read runs:create runs:cancel" } }),
  entry(5, "account_disabled", { account_id: "user_2", account_email: "a.very.long.name.of.somebody.who.left@subsidiary.example.com" }),
  entry(4, "webhook_created", { ...noor, subject: "webhook_0198a7c41e5b7d2084c1f0a9b6d3e755", detail: { host: "hooks.example.com" } }),
  entry(3, "account_created", { actor_id: null, actor_email: null, account_id: "user_4", account_email: "release-bot@example.com", address: null }),
];

/** The same browser as in the other scenes, with the rights of an admin. */
export function asAdmin(replay: Replay): void {
  const page = (items: unknown[], pages = 1) => ({ items, total: items.length, page: 1, per_page: 20, pages });
  replay.answers.set("/api/v1/auth/me", USERS.at(-1));
  replay.answers.set("/api/v1/admin/users", page(USERS));
  replay.answers.set("/api/v1/admin/runs", page(RUNS, 4));
  replay.answers.set("/api/v1/admin/usage", page(USAGE));
  replay.answers.set("/api/v1/admin/audit", page(AUDIT));
  replay.answers.set("/api/v1/admin/invitations", page(INVITATIONS));
  replay.answers.set("/api/v1/auth/registration", { registration: "invitation" });
}
