"use client";

import { LogOut, Moon, Search, Sun } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { useTheme } from "next-themes";
import { useLogout, useMe } from "@/hooks/useAPI";
import { cn } from "@/lib/utils";
import { Button } from "../ui/button";
import { Kbd, useModifier } from "../ui/kbd";
import { openPalette } from "./Keyboard";

const LINKS = [
  { href: "/", text: "New run" },
  { href: "/runs", text: "Runs" },
  { href: "/settings", text: "Settings" },
];
const ADMIN = { href: "/admin", text: "Admin" };

export function Header() {
  const pathname = usePathname();
  const me = useMe();
  const logout = useLogout();
  // A run belongs to the runs.
  const place = pathname.startsWith("/stream") ? "/runs" : pathname;
  return (
    <header className="sticky top-0 z-40 flex h-13 items-center gap-sm border-b bg-neutral-white px-md sm:gap-md md:gap-lg xl:px-lg">
      <a
        href="#main"
        className="absolute -top-16 left-md z-50 rounded-md bg-ai-primary-ink px-md py-sm text-on-ink focus:top-sm"
      >
        Skip to content
      </a>
      <Link href="/" className="inline-flex items-center gap-sm text-body font-semibold tracking-tight">
        <Logo />
        <span className="max-sm:sr-only">AIdeator</span>
      </Link>
      <nav aria-label="Main" className="flex h-full">
        {(me.data?.role === "admin" ? [...LINKS, ADMIN] : LINKS).map(({ href, text }) => {
          const here = place === href;
          return (
            <Link
              key={href}
              href={href}
              aria-current={here ? "page" : undefined}
              className={cn(
                "-mb-px inline-flex items-center border-b-2 px-1.5 font-medium whitespace-nowrap sm:px-3",
                // On a phone it is in the settings and in the palette.
                href === ADMIN.href && "max-sm:hidden",
                here ? "border-ai-primary-ink text-neutral-charcoal" : "border-transparent text-neutral-shadow-ink hover:text-neutral-charcoal",
              )}
            >
              {text}
            </Link>
          );
        })}
      </nav>
      <div className="ml-auto flex items-center gap-xs md:gap-sm">
        <PaletteButton />
        {/* On a phone these are in the settings and in the palette. */}
        <span className="contents max-sm:hidden">
          <ThemeButton />
          {me.data !== undefined && (
            <>
              <span className="max-w-48 truncate text-caption text-neutral-shadow-ink max-lg:hidden" title={me.data.email}>
                {me.data.email}
              </span>
              <Button variant="ghost" size="icon" aria-label="Sign out" title="Sign out" onClick={() => logout.mutate()}>
                <LogOut aria-hidden />
              </Button>
            </>
          )}
        </span>
      </div>
    </header>
  );
}

function PaletteButton() {
  const modifier = useModifier();
  return (
    <Button
      aria-label="Search and commands"
      aria-keyshortcuts="Control+K Meta+K"
      title="Search and commands"
      onClick={openPalette}
      className="justify-start border-neutral-edge font-normal text-neutral-shadow-ink max-md:size-8 max-md:justify-center max-md:border-transparent max-md:p-0 max-md:pointer-coarse:size-11 md:min-w-60"
    >
      <Search aria-hidden />
      <span className="max-md:sr-only">Search or run a command</span>
      <span className="ml-auto flex gap-0.5 max-md:hidden">
        <Kbd>{modifier}</Kbd>
        <Kbd>K</Kbd>
      </span>
    </Button>
  );
}

function ThemeButton() {
  const { resolvedTheme, setTheme } = useTheme();
  return (
    <Button variant="ghost" size="icon" aria-label="Switch colour theme" title="Switch colour theme" onClick={() => setTheme(resolvedTheme === "dark" ? "light" : "dark")}>
      <Moon aria-hidden className="dark:hidden" />
      <Sun aria-hidden className="hidden dark:block" />
    </Button>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden className="size-6">
      <rect width="24" height="24" rx="6" className="fill-ai-primary" />
      <path d="M6 14v-2.5M9 16.5V9M12 18.5v-13M15 16.5V9M18 14v-2.5" stroke="#fff" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
