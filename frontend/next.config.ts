import type { NextConfig } from "next";

const development = process.env.NODE_ENV === "development";

/** Where `npm run dev` finds the API. The exported page is served by the API itself and needs none. */
const api = process.env.AIDEATOR_URL ?? "http://127.0.0.1:8000";

const config: NextConfig = {
  // Plain files, embedded in the server binary: one port, one origin, no Node at run time.
  ...(development ? { rewrites: async () => [{ source: "/api/:path*", destination: `${api}/api/:path*` }] } : { output: "export" }),
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
