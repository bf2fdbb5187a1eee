import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./globals.css";
import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { Header } from "@/components/layout/Header";
import { Keyboard } from "@/components/layout/Keyboard";
import { Providers } from "@/components/layout/Providers";

export const metadata: Metadata = {
  title: { default: "AIdeator", template: "%s · AIdeator" },
  description: "One prompt, up to five coding agents, each in a Kubernetes Job of its own, one patch you choose.",
};

export const viewport: Viewport = { width: "device-width", initialScale: 1 };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // The theme is known only in the browser, before the page is drawn.
    <html lang="en" suppressHydrationWarning>
      <body>
        <Providers>
          <Header />
          {children}
          <Keyboard />
        </Providers>
      </body>
    </html>
  );
}
