"use client";

import { useEffect, useState, type FormEvent } from "react";
import { useRegistration, useSignIn } from "@/hooks/useAPI";
import { ApiError } from "@/lib/api";
import { invitationIn, takeInvitation } from "@/lib/invitation";
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
  const [invitation, setInvitation] = useState("");
  const signIn = useSignIn();
  const problem = signIn.error instanceof ApiError ? signIn.error : undefined;
  const wrong = problem?.fields ?? {};
  const uninvited = problem?.problem.code?.startsWith("invitation_") === true;
  const elsewhere = signIn.isError && wrong.email === undefined && wrong.password === undefined && !uninvited;
  const register = mode === "register";
  const registration = useRegistration(register).data?.registration;
  const closed = register && registration === "closed";
  const invited = register && (registration === "invitation" || invitation !== "" || uninvited);

  useEffect(() => {
    const take = () => {
      const token = takeInvitation();
      if (token === null) return;
      setInvitation(token);
      setMode("register");
    };
    take();
    // A link that is opened where this page is open already changes no more than the fragment.
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = invited ? { invitation: invitationIn(invitation) } : {};
    signIn.mutate({ email, password, register, ...token }, { onSuccess: () => onDone?.() });
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
        {closed && <Alert tone="info">This server takes no new accounts. Ask its operator for one.</Alert>}
        {invited && (
          <InputField
            label="Invitation"
            name="invitation"
            autoComplete="off"
            spellCheck={false}
            required
            value={invitation}
            onChange={(event) => setInvitation(event.target.value)}
            error={uninvited ? problem?.message : undefined}
            help="The link or the token that an admin of this server sent you."
          />
        )}
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
        <Button type="submit" variant="primary" size="lg" disabled={signIn.isPending || closed || email === "" || password === "" || (invited && invitation === "")}>
          {register ? "Create account" : "Sign in"}
        </Button>
      </form>
    </Card>
  );
}
