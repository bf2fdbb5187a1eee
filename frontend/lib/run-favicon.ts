/** The page's icon with how far a run has come, as a data address. */
export function faviconOf(done: number, total: number, outcome: "open" | "good" | "bad"): string {
  const around = 2 * Math.PI * 7;
  const ring = `<circle cx="12" cy="12" r="7" fill="none" stroke="#fff" stroke-opacity=".35" stroke-width="4"/><circle cx="12" cy="12" r="7" fill="none" stroke="#fff" stroke-width="4" stroke-dasharray="${((around * done) / Math.max(1, total)).toFixed(2)} ${around.toFixed(2)}" transform="rotate(-90 12 12)"/>`;
  const path = outcome === "good" ? "M6.5 12.5l4 4 7-8" : "M7.5 7.5l9 9M16.5 7.5l-9 9";
  const mark = outcome === "open" ? ring : `<path d="${path}" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>`;
  const ground = { open: "#4346e9", good: "#0b7055", bad: "#ce1212" }[outcome];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="${ground}"/>${mark}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
