"use client";

import { KeySquare } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useChangePassword, useMe } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card, CardHeader } from "../ui/card";
import { InputField } from "../ui/field";

/** A new password, which ends every other session. */
export function PasswordCard() {
  const me = useMe();
  const change = useChangePassword();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const problem = change.error instanceof ApiError ? change.error : null;
  const wrong: Record<string, string> = { ...problem?.fields, ...(problem?.problem.code === "wrong_password" ? { current_password: problem.message } : {}) };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { current_password: current, new_password: next },
      {
        onSuccess: () => {
          setCurrent("");
          setNext("");
        },
      },
    );
  };
  return (
    <Card aria-labelledby="password">
      <CardHeader id="password" title="Password" icon={<KeySquare aria-hidden />} />
      <form onSubmit={submit} aria-label="New password" className="grid justify-items-start gap-3 p-md">
        <p className="max-w-[46rem] text-neutral-shadow-ink">A new one signs you out everywhere else. API keys stay as they are.</p>
        {/* For programs that keep passwords. */}
        <input hidden readOnly autoComplete="username" value={me.data?.email ?? ""} />
        <div className="flex w-full flex-wrap items-start gap-3 [&>div]:w-full [&>div]:max-w-[17rem] max-md:[&>div]:max-w-none">
          <InputField label="Current password" type="password" autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.target.value)} error={wrong.current_password} />
          <InputField
            label="New password"
            type="password"
            autoComplete="new-password"
            value={next}
            onChange={(event) => setNext(event.target.value)}
            error={wrong.new_password}
            help="At least 8 characters, with an upper-case letter, a lower-case letter and a digit."
          />
        </div>
        {change.isError && Object.keys(wrong).length === 0 && <Alert tone="error">{change.error.message}</Alert>}
        {change.isSuccess && (
          <p role="status" className="text-body-sm font-medium text-semantic-success-ink">
            Changed. All other sessions have ended.
          </p>
        )}
        <Button type="submit" variant="primary" className="min-h-10" disabled={change.isPending || current === "" || next === ""}>
          Change password
        </Button>
      </form>
    </Card>
  );
}
