"use client";

import { useState, type FormEvent } from "react";
import { useSignIn } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { InputField } from "../ui/field";
import { Segmented } from "../ui/segmented";

const MODES = [
  { value: "login", label: "Sign in" },
  { value: "register", label: "Create account" },
] as const;
type Mode = (typeof MODES)[number]["value"];

/** Signs in, or makes an account and signs in. */
export function SignInCard({ onDone }: { onDone?: () => void }) {
  const [mode, setMode] = useState<Mode>("login");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useSignIn();
  const wrong = signIn.error instanceof ApiError ? signIn.error.fields : {};
  const elsewhere = signIn.isError && wrong.email === undefined && wrong.password === undefined;
  const register = mode === "register";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ email, password, register }, { onSuccess: () => onDone?.() });
  };

  return (
    <Card aria-label="Account" className="w-full max-w-lg p-md shadow-md md:p-lg">
      <form noValidate onSubmit={submit} className="grid gap-md">
        <Segmented
          label="What to do"
          name="mode"
          options={MODES}
          value={mode}
          onChange={(value) => {
            setMode(value);
            signIn.reset();
          }}
          className="justify-self-start"
        />
        <InputField
          label="Email"
          name="email"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          error={wrong.email}
        />
        <InputField
          label="Password"
          name="password"
          type="password"
          autoComplete={register ? "new-password" : "current-password"}
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          error={wrong.password}
          help={register ? "At least 8 characters, with upper and lower case and a digit." : undefined}
        />
        {elsewhere && <Alert tone="error">{signIn.error.message}</Alert>}
        <Button type="submit" variant="primary" size="lg" disabled={signIn.isPending || email === "" || password === ""}>
          {register ? "Create account" : "Sign in"}
        </Button>
      </form>
    </Card>
  );
}
