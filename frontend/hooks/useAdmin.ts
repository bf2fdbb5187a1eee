"use client";

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { admin } from "@/lib/admin";
import { runHasEnded, type AuditEvent } from "@/lib/types";

/** While one turns the page, what was there stays. */
const list = <T>(key: readonly unknown[], queryFn: () => Promise<T>) => ({ queryKey: ["admin", ...key], queryFn, placeholderData: keepPreviousData });

/** Does something to what an admin sees, and asks for it again. */
function useAct<T, R>(mutationFn: (what: T) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => client.invalidateQueries({ queryKey: ["admin"] }) });
}

export const useUsers = (page: number) => useQuery(list(["users", page], () => admin.users(page)));

/** Lets an account in again, or in no more. */
export const useSwitchUser = () => useAct(({ id, enable }: { id: string; enable: boolean }) => (enable ? admin.enable(id) : admin.disable(id)));

/** The runs of all users. */
export const useAllRuns = (page: number) =>
  useQuery({
    ...list(["runs", page], () => admin.runs(page)),
    // Only while something in sight still changes.
    refetchInterval: ({ state }) => (state.data?.items.some(({ status }) => !runHasEnded(status)) === true ? 5_000 : false),
  });

export const useCancelAnyRun = () => useAct(admin.cancelRun);

/** What each user has used on each of the last days. */
export const useUsage = (days: number, page: number) => useQuery(list(["usage", days, page], () => admin.usage(days, page)));

/** Security events, of one kind or all. */
export const useAudit = (event: AuditEvent | null, page: number) => useQuery(list(["audit", event, page], () => admin.audit(event, page)));

export const useInvitations = (page: number) => useQuery(list(["invitations", page], () => admin.invitations(page)));

/** The answer has the link, this once. */
export const useInvite = () => useAct(admin.invite);

export const useRevokeInvitation = () => useAct(admin.revokeInvitation);
