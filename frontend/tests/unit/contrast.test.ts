import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** The tokens of globals.css in both themes; what the dark one leaves out it has from the light one. */
const css = readFileSync(new URL("../../app/globals.css", import.meta.url), "utf8");

function tokens(selector: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, names = "", body = ""] of css.matchAll(/^([^{}@/]+) \{\n([^{}]*)\}/gm)) {
    if (names.trim() !== selector) continue;
    for (const [, name = "", value = ""] of body.matchAll(/--([\w-]+):\s*([^;]+);/g)) found.set(name, value.trim());
  }
  return found;
}

const light = tokens(":root");
const dark = new Map([...light, ...tokens('[data-theme="dark"]')]);

type Rgb = [number, number, number];

function rgb(theme: Map<string, string>, name: string): Rgb {
  const value = theme.get(name);
  if (value === undefined) throw new Error(`no token --${name}`);
  const reference = /^var\(--([\w-]+)\)$/.exec(value)?.[1];
  if (reference !== undefined) return rgb(theme, reference);
  const [h = 0, s = 0, l = 0] = value.split(/\s+/).map(Number.parseFloat);
  const a = (s / 100) * Math.min(l / 100, 1 - l / 100);
  const channel = (n: number) => {
    const k = (n + h / 30) % 12;
    return l / 100 - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return [channel(0), channel(8), channel(4)];
}

const over = (top: Rgb, below: Rgb, alpha: number): Rgb => [0, 1, 2].map((i) => top[i as 0] * alpha + below[i as 0] * (1 - alpha)) as Rgb;

function luminance(color: Rgb): number {
  const [r, g, b] = color.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(one: Rgb, other: Rgb): number {
  const [high, low] = [luminance(one), luminance(other)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const INKS = ["ai-primary-ink", "ai-secondary-ink", "ai-accent-ink", "agent-1-ink", "agent-2-ink", "agent-3-ink", "agent-4-ink", "agent-5-ink", "neutral-shadow-ink"];
const SURFACES = ["neutral-white", "neutral-paper"];

describe.each([
  ["light", light],
  ["dark", dark],
])("%s theme (WCAG 2.2 AA)", (_, theme) => {
  test.each(INKS)("--%s is readable on every surface, and under text on it", (ink) => {
    for (const surface of SURFACES) expect(ratio(rgb(theme, ink), rgb(theme, surface)), surface).toBeGreaterThanOrEqual(4.5);
    expect(ratio(rgb(theme, "on-ink"), rgb(theme, ink)), "on-ink").toBeGreaterThanOrEqual(4.5);
  });

  test("body text is readable on every surface", () => {
    for (const surface of [...SURFACES, "neutral-fog"]) expect(ratio(rgb(theme, "neutral-charcoal"), rgb(theme, surface))).toBeGreaterThanOrEqual(7);
    expect(ratio(rgb(theme, "neutral-shadow-ink"), rgb(theme, "neutral-fog"))).toBeGreaterThanOrEqual(4.5);
  });

  test("red text is readable on the tint of a failed row", () => {
    const tint = over(rgb(theme, "semantic-error"), rgb(theme, "neutral-white"), 0.08);
    expect(ratio(rgb(theme, "semantic-error-ink"), tint)).toBeGreaterThanOrEqual(4.5);
  });

  test("borders of controls stand out", () => {
    for (const surface of SURFACES) expect(ratio(rgb(theme, "neutral-edge"), rgb(theme, surface))).toBeGreaterThanOrEqual(3);
  });
});
