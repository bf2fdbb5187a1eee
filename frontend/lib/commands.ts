/** The commands that do or show the same as the page, ready to be pasted. */

export const followLogs = (job: string, namespace: string): string => `kubectl logs -f job/${job} -n ${namespace}`;
export const hashLogs = (job: string, namespace: string): string => `kubectl logs job/${job} -n ${namespace} | sha256sum`;
export const describeJob = (job: string, namespace: string): string => `kubectl describe job/${job} -n ${namespace}`;
export const watchPods = (runId: string, namespace: string): string =>
  `kubectl get pods -w -l aideator.dev/run-id=${runId} -n ${namespace}`;
/** The stored log: the same bytes as kubectl printed, also when it finds nothing any more. */
export const storedLog = (origin: string, runId: string, variation: number): string =>
  `curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" ${origin}/api/v1/runs/${runId}/variations/${variation}/logs`;
export const streamLogs = (origin: string, runId: string): string =>
  `curl -N -H "X-API-Key: $AIDEATOR_API_KEY" ${origin}/api/v1/runs/${runId}/stream`;

/** Puts a variation's change into the clone one stands in. */
export const applyPatch = (origin: string, runId: string, variation: number): string =>
  `curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" ${origin}/api/v1/runs/${runId}/variations/${variation}/patch | git apply`;
