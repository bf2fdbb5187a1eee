"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { Alert } from "../ui/alert";
import { SignInCard } from "./SignInCard";

/** Signs in, then goes where the visitor wanted to go. */
export function SignIn() {
  const router = useRouter();
  const search = useSearchParams();
  const next = search.get("next") ?? "/";
  // Only places of this page: `//host` and `/\host` would lead to another.
  const place = /^\/(?![/\\])/.test(next) ? next : "/";
  return (
    <>
      {search.has("ended") && (
        <Alert tone="info" className="w-full max-w-lg">
          Your session ended. Afterwards you are back where you were.
        </Alert>
      )}
      <SignInCard onDone={() => router.replace(place)} />
    </>
  );
}
