"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { SignInCard } from "./SignInCard";

/** Signs in, then goes where the visitor wanted to go. */
export function SignIn() {
  const router = useRouter();
  const next = useSearchParams().get("next") ?? "/";
  // Only places of this page: `//host` and `/\host` would lead to another.
  const place = /^\/(?![/\\])/.test(next) ? next : "/";
  return <SignInCard onDone={() => router.replace(place)} />;
}
