import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { NextConfig } from "next";

const development = process.env.NODE_ENV === "development";

/** Where `npm run dev` finds the API. The exported page is served by the API itself and needs none. */
const api = process.env.AIDEATOR_URL ?? "http://127.0.0.1:8000";

/** Next's own id is random; with this one, the same sources make the same page. */
function buildId(): string {
  const files = ["app", "components", "hooks", "lib"].flatMap((dir) =>
    readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => join(dir, name)),
  );
  const hash = createHash("sha256");
  for (const file of [...files.filter((name) => statSync(name).isFile()).sort(), "package-lock.json"]) {
    hash.update(`${file}\0`).update(readFileSync(file));
  }
  return hash.digest("hex").slice(0, 16);
}

const config: NextConfig = {
  // Plain files, embedded in the server binary: one port, one origin, no Node at run time.
  ...(development ? { rewrites: async () => [{ source: "/api/:path*", destination: `${api}/api/:path*` }] } : { output: "export" }),
  generateBuildId: buildId,
  images: { unoptimized: true },
  // Next's gzip would hold back server-sent events.
  compress: false,
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  // `npm run lint` is a step of its own.
  eslint: { ignoreDuringBuilds: true },
};

export default config;
