import { expect, test } from "vitest";
import { ApiError } from "@/lib/api";
import { applyPatch } from "@/lib/commands";
import { invitationIn } from "@/lib/invitation";
import { expectedCost, total, usages } from "@/lib/estimate";
import { amount, checkDraft, EMPTY, followUpAddress, fromRun, initialDraft, parseDraft, toRequest, wishOf, type Draft } from "@/lib/new-run";
import { branchOf, messageOf, webAddress } from "@/lib/publish";
import { run, variation } from "./fixtures";

const DRAFT: Draft = { ...EMPTY, repository: " https://example.com/a.git ", prompt: "  Repair the parser.  " };

test("what is left empty is left to the server", () => {
  expect(checkDraft(DRAFT)).toEqual({});
  expect(toRequest(DRAFT)).toEqual({ github_url: "https://example.com/a.git", prompt: "Repair the parser.", variations: 3 });
  expect(toRequest({ ...DRAFT, ref: "v1", checks: "make test\n\n make lint ", minutes: "15", tokens: "200k", cost: "$1.50", runCost: "5" })).toMatchObject({
    ref: "v1",
    checks: ["make test", "make lint"],
    limits: { timeout_seconds: 900, max_total_tokens: 200_000, max_cost_usd: 1.5, max_run_cost_usd: 5 },
  });
});

test("a wish for one variation lists all of them, and only those that there will be", () => {
  const variants = EMPTY.variants.map((none, index) => (index === 1 ? { ...none, model: " m ", temperature: "0" } : index === 4 ? { ...none, model: "unused" } : none));
  expect(toRequest({ ...DRAFT, variants })).toMatchObject({ variants: [{}, { model: "m", temperature: 0 }, {}] });
  expect(toRequest({ ...DRAFT, variants })).not.toHaveProperty("variations");
  const command = EMPTY.variants.map((none) => ({ ...none, command: "claude -p" }));
  expect(toRequest({ ...DRAFT, variations: 1, variants: command }).variants).toEqual([{ engine: "command", command: "claude -p" }]);
});

test("limits are read as people write them", () => {
  expect(["200k", "1.5M", "$ 2", "1,000", "0.5"].map(amount)).toEqual([200_000, 1_500_000, 2, 1000, 0.5]);
  for (const wrong of ["-1", "many", "1e9", ""]) expect(amount(wrong)).toBeNaN();
  const variants = EMPTY.variants.map((none) => ({ ...none, temperature: "3" }));
  expect(Object.keys(checkDraft({ ...DRAFT, variations: 1, variants, minutes: "0", tokens: "x", cost: "-1", runCost: "lots" }))).toEqual([
    "variants.0.temperature",
    "limits.timeout_seconds",
    "limits.max_total_tokens",
    "limits.max_cost_usd",
    "limits.max_run_cost_usd",
  ]);
});

test("a draft comes back whole, and what is no draft does not come back at all", () => {
  expect(parseDraft(JSON.stringify(DRAFT))).toEqual(DRAFT);
  for (const stored of [null, "", "{}", JSON.stringify({ ...DRAFT, variations: 9 }), JSON.stringify({ ...DRAFT, variants: [] }), JSON.stringify({ ...DRAFT, base: { run_id: 1 } })]) expect(parseDraft(stored)).toBeNull();
});

test("a run is started again with what it was started with", () => {
  const again = fromRun({
    ...run({ ...variation(0), model: "m", temperature: 0.3, instructions: "small" }),
    ref: "v1",
    checks: ["make test"],
    limits: { timeout_seconds: 900, max_total_tokens: null, max_cost_usd: null, max_run_cost_usd: 2 },
  });
  expect(toRequest(again)).toEqual({
    github_url: "https://example.com/a.git",
    ref: "v1",
    prompt: "do it",
    variants: [{ model: "m", temperature: 0.3, instructions: "small" }],
    checks: ["make test"],
    limits: { timeout_seconds: 900, max_run_cost_usd: 2 },
  });
});

const wish = (address: string) => wishOf(new URLSearchParams(address.slice(address.indexOf("?"))));

test("a run goes on from a result, and again from the same one", () => {
  const source = { ...run(variation(0), variation(1)), ref: "v1" };
  const draft = initialDraft(wish(followUpAddress(source.run_id, 1)), source, DRAFT, false);
  expect(draft).toMatchObject({ repository: "https://example.com/a.git", prompt: "" });
  const base = { run_id: "run-1", variation_id: 1 };
  // Repository and commit are the base's own.
  const request = toRequest({ ...draft, prompt: "Now add tests." });
  expect(request).toMatchObject({ base, prompt: "Now add tests." });
  for (const field of ["github_url", "ref"]) expect(request).not.toHaveProperty(field);
  expect(toRequest({ ...draft, base: null })).toMatchObject({ github_url: "https://example.com/a.git", ref: "v1" });
  expect(toRequest(fromRun({ ...source, base: { ...base, attempt: 0 } })).base).toEqual(base);
});

test("what was begun with an address is found again there; another address begins anew", () => {
  const source = run(variation(0), variation(1));
  const typed = { ...initialDraft(wish("/?base=run-1&v=2"), source, null, false), prompt: "Now add tests." };
  const stored = parseDraft(JSON.stringify(typed));
  expect(initialDraft(wish("/?base=run-1&v=2"), source, stored, false)).toEqual(typed);
  expect(initialDraft(wish("/"), undefined, stored, false)).toEqual(typed);
  expect(initialDraft(wish("/?base=run-1&v=1"), source, stored, false)).toMatchObject({ prompt: "", base: { variation_id: 0 } });
  expect(initialDraft(wish("/?again=run-1"), source, stored, false)).toMatchObject({ prompt: "do it", base: null });
});

test("a cost is expected only where there is a price and a run to judge by", () => {
  const usage = (input_tokens: number) => ({ input_tokens, output_tokens: 0, cached_tokens: 0 });
  const evidence = usages([run(...[1, 2, 3, 4, 5].map((millions, id) => ({ ...variation(id, "succeeded"), usage: usage(millions * 1e6) })))]);
  const price = { input: 2, output: 10 };
  expect(expectedCost(price, evidence)).toEqual({ low: 4, high: 8 });
  expect(expectedCost(null, evidence)).toBeNull();
  expect(expectedCost(price, [])).toBeNull();
  expect(total([{ low: 1, high: 2 }, { low: 1, high: 3 }])).toEqual({ low: 2, high: 5 });
  expect(total([{ low: 1, high: 2 }, null])).toBeNull();
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
  expect(error.fields).toEqual({ github_url: "not reachable", checks: "empty", "checks.0": "empty" });
  expect(new ApiError(500, {}).message).toBe("The server answered 500.");
});

test("the apply line names the key by its variable, never by its value", () => {
  expect(applyPatch("http://localhost:8000", "run-1", 2)).toBe(
    'curl -fsS -H "X-API-Key: $AIDEATOR_API_KEY" http://localhost:8000/api/v1/runs/run-1/variations/2/patch | git apply',
  );
});

test("a publication is named by its run, and by another name where that one was pushed", () => {
  const picked = { ...run(variation(0)), run_id: "run-0198a7c41e5b7d2084c1f0a9b6d3e755", prompt: `${"Repair the parser. ".repeat(9)}\nThen the tests.`, winning_variation_id: 0 };
  expect(branchOf(picked)).toBe("aideator/0198a7c41e5b");
  const publication = { attempt: 0, branch: "aideator/0198a7c41e5b", variation_id: 0, publisher: variation(0) };
  expect(branchOf({ ...picked, publication })).toBe("aideator/0198a7c41e5b");
  expect(branchOf({ ...picked, publication: { ...publication, commit: "3f9c2e1" } })).toBe("aideator/0198a7c41e5b-2");
  const [subject = "", ...rest] = messageOf(picked).split("\n");
  expect(subject.length).toBeLessThanOrEqual(72);
  expect(rest).toEqual(["", "Made by AIdeator: run-0198a7c41e5b7d2084c1f0a9b6d3e755, variation 0."]);
});

test("only addresses of the web are linked to", () => {
  expect(webAddress("https://github.com/demo/a/pull/3")).toBe("https://github.com/demo/a/pull/3");
  for (const wrong of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/pull/3", "", null, undefined]) expect(webAddress(wrong)).toBeNull();
});

test("an invitation is found in whatever was pasted", () => {
  const token = `aid_invite_${"a-B_".repeat(10)}xyz`;
  for (const text of [token, ` ${token}\n`, `https://aideator.example.org/login#invitation=${token}`, `Hello, <${token}>.`]) expect(invitationIn(text)).toBe(token);
  expect(invitationIn(" something else ")).toBe("something else");
});
