import { done, json, request } from "./api";
import type { AdminRunPage, AdminUserPage, AuditEvent, AuditPage, InvitationPage, NewInvitation, NewInvitationRequest, UsagePage } from "./types";

const ADMIN = "/admin";
const user = (id: string) => `${ADMIN}/users/${encodeURIComponent(id)}`;
const paged = (page: number, more: Record<string, string> = {}) => new URLSearchParams({ page: String(page), per_page: String(PER_PAGE), ...more });

/** Rows on a page of a list. */
const PER_PAGE = 20;

/** The endpoints for admins. Failures are `ApiError`s. */
export const admin = {
  users: (page: number) => json<AdminUserPage>(request("GET", `${ADMIN}/users?${paged(page)}`)),
  disable: (id: string) => done(request("POST", `${user(id)}/disable`)),
  enable: (id: string) => done(request("POST", `${user(id)}/enable`)),
  runs: (page: number) => json<AdminRunPage>(request("GET", `${ADMIN}/runs?${paged(page)}`)),
  cancelRun: (id: string) => done(request("POST", `${ADMIN}/runs/${encodeURIComponent(id)}/cancel`)),
  usage: (days: number, page: number) => json<UsagePage>(request("GET", `${ADMIN}/usage?${paged(page, { days: String(days) })}`)),
  invitations: (page: number) => json<InvitationPage>(request("GET", `${ADMIN}/invitations?${paged(page)}`)),
  invite: (whom: NewInvitationRequest) => json<NewInvitation>(request("POST", `${ADMIN}/invitations`, whom)),
  audit: (event: AuditEvent | null, page: number) => json<AuditPage>(request("GET", `${ADMIN}/audit?${paged(page, event === null ? {} : { event })}`)),
  revokeInvitation: (id: string) => done(request("DELETE", `${ADMIN}/invitations/${encodeURIComponent(id)}`)),
};
