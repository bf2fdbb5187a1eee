import { expect, test } from "vitest";
import { ApiError } from "@/lib/api";
import { applyPatch } from "@/lib/commands";
import { checkDraft, toRequest, type Draft } from "@/lib/new-run";

const DRAFT: Draft = { repository: " https://example.com/a.git ", ref: "", prompt: "  Repair the parser.  ", variations: 3, model: " ", checks: "" };

test("what is left empty is left to the server", () => {
  expect(checkDraft(DRAFT)).toEqual({});
  expect(toRequest(DRAFT)).toEqual({ github_url: "https://example.com/a.git", prompt: "Repair the parser.", variations: 3 });
  expect(toRequest({ ...DRAFT, ref: "v1", model: "m", checks: "make test\n\n make lint " })).toMatchObject({
    ref: "v1",
    agent_config: { model: "m" },
    checks: ["make test", "make lint"],
  });
});

test("a prompt counts its characters as the server does", () => {
  expect(checkDraft({ ...DRAFT, prompt: "too short" })).toHaveProperty("prompt");
  expect(checkDraft({ ...DRAFT, prompt: "🦀".repeat(16_000) })).toEqual({});
  expect(checkDraft({ ...DRAFT, prompt: "🦀".repeat(16_001) })).toHaveProperty("prompt");
  expect(checkDraft({ ...DRAFT, repository: " " })).toHaveProperty("github_url");
});

test("the server's errors go to the fields they are about", () => {
  const error = new ApiError(422, {
    detail: "no",
    errors: [
      { loc: ["body", "github_url"], msg: "not reachable" },
      { loc: ["body", "checks", "0"], msg: "empty" },
      { loc: ["body", "github_url"], msg: "second" },
    ],
  });
  expect(error.fields).toEqual({ github_url: "not reachable", checks: "empty" });
  expect(new ApiError(500, {}).message).toBe("The server answered 500.");
});

test("the apply line names the key by its variable, never by its value", () => {
  expect(applyPatch("http://localhost:8000", "run-1", 2)).toBe(
    'curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" http://localhost:8000/api/v1/runs/run-1/variations/2/patch | git apply',
  );
});
