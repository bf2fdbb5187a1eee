/** A share link is the run's own address with a token: whoever has it reads that run, and can do nothing else. */

/** The token that this page was opened with; null for who reads by his own account. */
export const shareToken = (): string | null => (typeof window === "undefined" ? null : new URLSearchParams(window.location.search).get("share"));

/** Whether what is seen may be changed. */
export const isShared = (): boolean => shareToken() !== null;

/** The address of a run's page; a link stays the link that it is. */
export function runAddress(id: string, more: Record<string, string> = {}): string {
  const share = shareToken();
  return `/stream?${new URLSearchParams({ run: id, ...(share === null ? {} : { share }), ...more })}`;
}

/** An address of the API that a browser opens by itself, with the token where there is one. */
export function withShare(path: string): string {
  const share = shareToken();
  return share === null ? path : `${path}${path.includes("?") ? "&" : "?"}share=${encodeURIComponent(share)}`;
}
