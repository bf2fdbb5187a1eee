/** What the page says of webhooks. */

import { ago } from "./format";
import type { Delivery, Webhook } from "./types";

/** Where it is, for people: without what a query may keep to itself. */
export function placeOf({ url }: Pick<Webhook, "url">): string {
  const { host, pathname, search } = new URL(url);
  return `${host}${pathname === "/" ? "" : pathname}${search === "" ? "" : "?…"}`;
}

/** Whether a ping is on its way. */
export const isPinged = ({ last_delivery: last }: Webhook): boolean => last?.event === "ping" && last.status === "waiting";

/** How the last delivery went. */
export function lastOf({ last_delivery: last }: Pick<Webhook, "last_delivery">, now: number = Date.now()): string {
  if (last == null) return "Nothing was sent yet";
  const what = last.event === "ping" ? "Ping" : "End of a run";
  if (last.attempted_at == null) return last.status === "waiting" ? `${what} is being sent` : `${what} was not sent: ${last.error ?? ""}`;
  const when = ago(last.attempted_at, now);
  const attempt = last.attempts > 1 ? `, attempt ${last.attempts}` : "";
  if (last.status === "delivered") return `${what} delivered ${when}${attempt}`;
  return `${what} failed ${when}${attempt}: ${last.error ?? ""}${next(last, now)}`;
}

function next({ next_attempt_at: at }: Delivery, now: number): string {
  if (at == null) return "";
  const minutes = Math.ceil((Date.parse(at) - now) / 60_000);
  if (minutes <= 1) return "; again within a minute";
  return minutes < 60 ? `; again in ${minutes} min` : `; again in ${Math.round(minutes / 60)} h`;
}
