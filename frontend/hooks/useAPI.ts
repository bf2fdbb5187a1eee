"use client";

import { useEffect } from "react";
import { keepPreviousData, useMutation, useQueries, useQuery, useQueryClient, type QueryClient, type UseQueryResult } from "@tanstack/react-query";
import { api, paths, type NewAccount, type RunsQuery } from "@/lib/api";
import { parsePatch, type FileChange } from "@/lib/diff";
import { followRun } from "@/lib/sse";
import { runHasEnded, type NewPublication, type NewRun, type Run } from "@/lib/types";
import { isPinged } from "@/lib/webhook";

/** The key of who is signed in. */
export const ME = ["me"] as const;

const keys = {
  runs: (query: RunsQuery) => ["runs", query] as const,
  run: (id: string) => ["run", id] as const,
  patch: (id: string, variation: number, from?: number) => ["patch", id, variation, from ?? "base"] as const,
  apiKeys: ["api-keys"] as const,
  credentials: ["credentials"] as const,
  webhooks: ["webhooks"] as const,
  shares: (id: string) => ["shares", id] as const,
};

/** Who is signed in; an `ApiError` with status 401 when nobody is. */
export const useMe = () => useQuery({ queryKey: ME, queryFn: api.me, staleTime: 60_000 });

/** Who may make an account; asked anew each time somebody wants one. */
export const useRegistration = (wanted: boolean) => useQuery({ queryKey: ["registration"], queryFn: api.registration, enabled: wanted, staleTime: 0 });

/** Signs in, after making the account where `register` says so. */
export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ register, invitation, ...who }: NewAccount & { register: boolean }) => {
      if (register) await api.register({ ...who, ...(invitation === undefined ? {} : { invitation }) });
      await api.login(who);
    },
    onSuccess: () => client.resetQueries(),
  });
}

export function useLogout() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.logout, onSettled: () => client.resetQueries() });
}

/** Changes the password, which ends all other sessions. Neither password is kept. */
export const useChangePassword = () => useMutation({ mutationFn: api.changePassword, gcTime: 0 });

export const useRuns = (query: RunsQuery, enabled = true) =>
  useQuery({
    queryKey: keys.runs(query),
    queryFn: () => api.runs(query),
    enabled,
    // While one types or turns the page, what was there stays.
    placeholderData: keepPreviousData,
    // Only while something in sight still changes.
    refetchInterval: ({ state }) => (state.data?.items.some((run) => !runHasEnded(run.status)) === true ? 5_000 : false),
  });

/** What the variations of a run can be given. */
export const useModels = (enabled = true) => useQuery({ queryKey: ["models"], queryFn: api.models, enabled, staleTime: 5 * 60_000 });

export const useRun = (id: string, enabled = true) => useQuery({ queryKey: keys.run(id), queryFn: () => api.run(id), enabled });

/** A patch is read once, however many look at it, and never changes. */
const patchQuery = (id: string, variation: number, from?: number) => ({
  queryKey: keys.patch(id, variation, from),
  queryFn: async () => parsePatch(await api.patch(id, variation, from)),
  staleTime: Infinity,
  structuralSharing: false,
});

/** A variation's change against the base, or against another variation's tree, file by file. */
export const usePatch = (id: string, variation: number, enabled: boolean, from?: number) => useQuery({ ...patchQuery(id, variation, from), enabled });

/** The changes of several variations, in the same order; undefined for one that is not here yet. */
export const usePatches = (id: string, variations: readonly number[]) =>
  useQueries({ queries: variations.map((variation) => patchQuery(id, variation)), combine: together });

const together = (results: UseQueryResult<FileChange[]>[]) => ({
  patches: results.map(({ data }) => data),
  error: results.find((result) => result.error !== null)?.error ?? null,
});

/** Whether a repository can be reached and has the ref; asked only while `enabled`. */
export const useRepository = (url: string, ref: string, enabled: boolean) =>
  useQuery({ queryKey: ["repository", url, ref], queryFn: () => api.repository(url, ref), enabled, retry: false, staleTime: 30_000 });

export const useCreateRun = () =>
  useMutation({ mutationFn: ({ body, idempotencyKey }: { body: NewRun; idempotencyKey: string }) => api.createRun(body, idempotencyKey) });

/** Asks the API again how the run stands, after something has changed it. */
export const refreshRun = (client: QueryClient, id: string) => client.invalidateQueries({ queryKey: keys.run(id) });

/** Picks a variation, or takes the pick back. */
export function useSelect(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ variation, cancelOthers = false }: { variation: number | null; cancelOthers?: boolean }) =>
      variation === null ? api.unselect(id) : api.select(id, variation, cancelOthers),
    onSuccess: (_, { variation }) => {
      client.setQueryData<Run>(keys.run(id), (run) => (run === undefined ? run : { ...run, winning_variation_id: variation }));
      return refreshRun(client, id);
    },
  });
}

export function useCancelRun(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.cancelRun(id),
    onSuccess: () => Promise.all([refreshRun(client, id), client.invalidateQueries({ queryKey: ["runs"] })]),
  });
}

/** Tries a variation once more, with the same inputs. */
export function useRetryVariation(id: string) {
  const client = useQueryClient();
  return useMutation({ mutationFn: (variation: number) => api.retryVariation(id, variation), onSuccess: () => refreshRun(client, id) });
}

/** Has the results of a run compared by a model, whose advice the run then has. */
export function useJudge(id: string) {
  const client = useQueryClient();
  return useMutation({ mutationFn: () => api.judge(id), onSettled: () => refreshRun(client, id) });
}

/** Has the picked result pushed as a branch. Nothing of the request is kept: it may have a token in it. */
export function usePublish(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (publication: NewPublication) => api.publish(id, publication),
    gcTime: 0,
    onSuccess: (run) => client.setQueryData<Run>(keys.run(id), run),
  });
}

/** Asks the API for the run again whenever its publisher gets on, as the publisher's own stream tells. */
export function usePublisher(id: string, enabled: boolean) {
  const client = useQueryClient();
  useEffect(() => {
    if (!enabled) return;
    let last: string | null = null;
    return followRun(paths.publisherStream(id), {
      get lastEventId() {
        return last;
      },
      onEvent: ({ type }, event) => {
        last = event ?? last;
        if (type === "agent_status" || type === "agent_complete") void refreshRun(client, id);
      },
      onConnection: ({ state }) => {
        if (state === "ended") void refreshRun(client, id);
      },
    });
  }, [client, id, enabled]);
}

/** Asks one agent to stop; the others go on. */
export function useCancelVariation(id: string) {
  const client = useQueryClient();
  return useMutation({ mutationFn: (variation: number) => api.cancelVariation(id, variation), onSuccess: () => refreshRun(client, id) });
}

export function useVerify(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (variations: number[]) =>
      Promise.all(variations.map(async (variation) => ({ variation, ...(await api.verify(id, variation)) }))),
    // A Job that is gone was deleted while nobody asked.
    onSuccess: (results) => (results.some(({ verdict }) => verdict === "pod_gone") ? refreshRun(client, id) : undefined),
  });
}

export const useApiKeys = () => useQuery({ queryKey: keys.apiKeys, queryFn: api.apiKeys });

export function useCreateApiKey() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.createApiKey, onSuccess: () => client.invalidateQueries({ queryKey: keys.apiKeys }) });
}

export function useRevokeApiKey() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.revokeApiKey, onSuccess: () => client.invalidateQueries({ queryKey: keys.apiKeys }) });
}

export const useCredentials = () => useQuery({ queryKey: keys.credentials, queryFn: api.credentials });

export function useCreateCredential() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.createCredential, onSuccess: () => client.invalidateQueries({ queryKey: keys.credentials }) });
}

export function useDeleteCredential() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.deleteCredential, onSuccess: () => client.invalidateQueries({ queryKey: keys.credentials }) });
}

/** Asked for again until a ping has arrived or failed: it is tried once, and nothing tells its end. */
export const useWebhooks = () =>
  useQuery({ queryKey: keys.webhooks, queryFn: api.webhooks, refetchInterval: ({ state }) => (state.data?.some(isPinged) === true ? 1000 : false) });

export function useCreateWebhook() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.createWebhook, onSuccess: () => client.invalidateQueries({ queryKey: keys.webhooks }) });
}

/** Anything that is done to a webhook by its id. */
export function useWebhookAction(action: "deleteWebhook" | "testWebhook" | "enableWebhook") {
  const client = useQueryClient();
  return useMutation({ mutationFn: api[action], onSettled: () => client.invalidateQueries({ queryKey: keys.webhooks }) });
}

/** Links through which anybody may read a run. */
export const useShares = (id: string) => useQuery({ queryKey: keys.shares(id), queryFn: () => api.shares(id) });

export function useCreateShare(id: string) {
  const client = useQueryClient();
  return useMutation({ mutationFn: (days: number) => api.createShare(id, days), onSuccess: () => client.invalidateQueries({ queryKey: keys.shares(id) }) });
}

export function useRevokeShare(id: string) {
  const client = useQueryClient();
  return useMutation({ mutationFn: (share: string) => api.revokeShare(id, share), onSuccess: () => client.invalidateQueries({ queryKey: keys.shares(id) }) });
}
