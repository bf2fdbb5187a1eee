/** Numbers and times as people read them. */

/** `mm:ss`, or `h:mm:ss` from an hour on. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const pad = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat("en");

/** 12,400 becomes `12.4K`. */
export const short = (value: number): string => compact.format(value);

/** 12400 becomes `12,400`. */
export const count = (value: number): string => plain.format(value);

/** `1 line`, `2 lines`, `1,204 lines`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Dollars with the digits that matter: `$0.0042`, `$0.31`. */
export function dollars(value: number): string {
  return `$${value > 0 && value < 0.01 ? value.toPrecision(2) : value.toFixed(2)}`;
}

/** `now`, `5 min ago`, `2 h ago`, `yesterday`, then the date. */
export function ago(time: string, now: number = Date.now()): string {
  const then = new Date(time);
  const minutes = Math.floor((now - then.getTime()) / 60_000);
  if (Number.isNaN(minutes)) return "";
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  if (minutes < 48 * 60) return "yesterday";
  return then.toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}

/** `20:14:02.118` of an RFC 3339 time, in this browser's time zone. */
export function clock(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** `owner/name` of a repository's address; the address itself where it has no path. */
export function repositoryName(url: string): string {
  const parsed = URL.parse?.(url) ?? null;
  const path = (parsed?.pathname ?? url.replace(/^[a-z]+:\/\/[^/]+/, "")).replace(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  return path === "" ? url : path;
}

/** With its first letter as at the beginning of a sentence. */
export const capital = (text: string): string => text.replace(/^./, (first) => first.toUpperCase());

/** How a program ended: `exit 0`, or `killed` where it has no exit code. */
export const exitText = (code: number | null | undefined): string => (code == null ? "killed" : `exit ${code}`);
