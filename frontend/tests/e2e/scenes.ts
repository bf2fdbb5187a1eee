import type { Replay } from "./replay";

/** `seconds` before now, as the cluster writes times. */
export const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

export const PATCH = `diff --git a/src/error.rs b/src/error.rs
--- a/src/error.rs
+++ b/src/error.rs
@@ -1,3 +1,5 @@
 pub enum ParseError {
+    /// The value does not fit.
+    Overflow,
     Number,
 }
diff --git a/src/parser.rs b/src/parser.rs
--- a/src/parser.rs
+++ b/src/parser.rs
@@ -10,3 +10,3 @@
     let value = parse(text)?;
-    total = value;
+    total = total.checked_add(value).ok_or(ParseError::Overflow)?;
     Ok(total)
`;

/** How long ago the scenes began, seconds. */
export const BEGAN = 100;

/** Five agents, each in another state: at its checks, done, writing, pulling its image, and waiting for a node. */
export function fiveStates(replay: Replay): void {
  testing(replay, 0);
  succeeded(replay, 1);
  writing(replay, 2);
  replay.status(3, "queued", {}, ago(98));
  replay.status(3, "starting", {}, ago(60));
  replay.status(4, "queued", {
    reason: "Unschedulable",
    message: "0/3 nodes are available: 1 node had untolerated taint, 2 Insufficient memory.",
    hint: "It starts by itself when another agent ends and frees memory. Needed now: lower agents.resources.requests.memory, or add a node.",
  }, ago(97));
}

/** Three agents that ended badly, each in another way. */
export function badEnds(replay: Replay): void {
  begin(replay, 0, 95);
  check(replay, 0, 40, 0);
  replay.line(0, "\u001b[1;31merror\u001b[0m: could not compile (signal: 9, SIGKILL)", ago(30)).flush();
  const killed = { reason: "OOMKilled", message: "The container used more than 1Gi of memory.", hint: "Raise agents.resources.limits.memory, or let the build use fewer jobs." };
  replay.status(0, "failed", killed, ago(28));
  replay.emit("agent_error", { variation_id: 0, error: killed.message, reason: killed.reason, hint: killed.hint, exit_code: 137, timestamp: ago(28) });
  replay.complete(0, "failed", { exit_code: 137 }, ago(28));
  begin(replay, 1, 95);
  replay.say(1, { type: "text", delta: "I will read the parser first, then the tests.\n" }, ago(60));
  replay.say(1, { type: "patch", part: 1, last: true, data: "", files: 1, additions: 3, deletions: 1 }, ago(50));
  replay.status(1, "cancelled", { reason: "Cancelled", message: "Somebody cancelled it." }, ago(48));
  replay.complete(1, "cancelled", { exit_code: 143, patch: { files: 1, additions: 3, deletions: 1 } }, ago(48));
  begin(replay, 2, 95);
  replay.skip(2, 120);
  replay.say(2, { type: "text", delta: "The lines before this one are gone.\n" }, ago(40));
  replay.status(2, "lost", { reason: "PodDeleted", message: "The pod is gone, and nobody said why.", hint: "Start the run again." }, ago(30));
  replay.complete(2, "lost", { exit_code: null }, ago(30));
}

export function begin(replay: Replay, id: number, since: number): void {
  replay.status(id, "queued", {}, ago(since));
  replay.status(id, "running", {}, ago(since - 3));
  replay.say(id, { type: "status", step: "clone", message: "github.com/demo/parse-duration at 3f9c2e1" }, ago(since - 3));
  replay.say(id, { type: "started", model: "scripted-small", engine: "builtin", base_sha: "3f9c2e15b7d2" }, ago(since - 6));
  replay.say(id, { type: "status", step: "context", message: "12 files, 1,800 tokens of tree and README.md" }, ago(since - 7));
}

export function work(replay: Replay, id: number, since: number): void {
  replay.say(id, { type: "text", delta: "I will run the failing test first, then read the parser.\n" }, ago(since));
  replay.say(id, { type: "tool_call", id: `a${id}`, name: "read", arguments: JSON.stringify({ path: "src/parser.rs" }) }, ago(since - 8));
  replay.say(id, { type: "tool_result", id: `a${id}`, ok: true, output: "1\tpub fn parse(text: &str) {\n2\t    todo!()\n3\t}\n", truncated: false }, ago(since - 9));
  replay.say(id, { type: "tool_call", id: `b${id}`, name: "run", arguments: JSON.stringify({ command: "cargo test" }) }, ago(since - 10));
  const output = [
    "\u001b[1;32m   Compiling\u001b[0m parse-duration v0.3.1 (/workspace)",
    "\u001b[1;33mwarning\u001b[0m: value assigned to `total` is never read",
    "\u001b[1;34m  -->\u001b[0m src/parser.rs:11:9",
    "test single_unit ... \u001b[32mok\u001b[0m",
    "test compound_units_add_up ... \u001b[1;31mFAILED\u001b[0m",
    "thread 'compound_units_add_up' panicked at tests/compound.rs:14:5:",
    "test result: FAILED. 7 passed; 2 failed; 0 ignored; finished in 0.01s",
    "[exit code 101 after 19.4 s]",
  ];
  replay.say(id, { type: "tool_result", id: `b${id}`, ok: false, output: output.join("\n"), truncated: false }, ago(since - 29));
  replay.say(id, { type: "usage", input_tokens: 9200, output_tokens: 1100, cost_usd: 0.0312 }, ago(since - 30));
  replay.say(id, { type: "text", delta: "The loop assigns `total` where it should add. `30m` is the last unit, so only 1800 s remain.\n" }, ago(since - 31));
  replay.say(id, { type: "tool_call", id: `c${id}`, name: "edit", arguments: JSON.stringify({ path: "src/parser.rs" }) }, ago(since - 38));
  replay.say(id, { type: "tool_result", id: `c${id}`, ok: true, output: "Edited src/parser.rs:\n+    total = total.checked_add(value)", truncated: false }, ago(since - 39));
}

function testing(replay: Replay, id: number): void {
  begin(replay, id, 99);
  work(replay, id, 90);
  replay.say(id, { type: "status", step: "check", message: "cargo test" }, ago(32));
  for (const text of ["   Compiling parse-duration v0.3.1", "    Finished `test` profile in 21.84s", "     Running tests/compound.rs", "running 9 tests", "test single_unit ... ok", "test overflow_is_an_error ... \u001b[1;31mFAILED\u001b[0m"]) {
    replay.line(id, text, ago(20));
  }
  replay.flush();
}

function check(replay: Replay, id: number, since: number, code: number): void {
  replay.say(id, { type: "check", command: "cargo test", exit_code: code, seconds: 21.8, output_tail: `test result: ${code === 0 ? "ok. 9 passed; 0 failed" : "FAILED. 8 passed; 1 failed"}\n` }, ago(since));
}

function succeeded(replay: Replay, id: number): void {
  begin(replay, id, 99);
  work(replay, id, 88);
  replay.say(id, { type: "status", step: "check", message: "cargo test" }, ago(44));
  check(replay, id, 22, 0);
  replay.say(id, { type: "patch", part: 1, last: true, data: "", files: 2, additions: 3, deletions: 1 }, ago(19));
  replay.say(id, { type: "finished", outcome: "succeeded", summary: "Each unit now adds to the total with `checked_add`. A value that does not fit is the new `ParseError::Overflow` instead of a panic. Tests are untouched." }, ago(18));
  replay.patches.set(id, PATCH);
  replay.status(id, "succeeded", {}, ago(17));
  replay.complete(id, "succeeded", { patch: { files: 2, additions: 3, deletions: 1 }, usage: { input_tokens: 16_800, output_tokens: 2100, cost_usd: 0.11 } }, ago(17));
}

function writing(replay: Replay, id: number): void {
  begin(replay, id, 98);
  work(replay, id, 80);
  replay.say(id, { type: "text", delta: "The parser keeps only the last unit. I will split it in two: a tokenizer that yields (number, unit) pairs, and a fold that adds them with `checked_add`. That also gives a place to refuse “1h 1h”, which README.md calls an error. " }, ago(40));
  replay.say(id, { type: "text", delta: "Next I add the tokenizer to src/unit.rs and" }, ago(2)).flush();
}

/** Three agents that have not begun: no node has room, a quota is used up, and the image is on its way. */
export function waiting(replay: Replay): void {
  const why = { reason: "Unschedulable", message: "0/3 nodes are available: 1 node had untolerated taint, 2 Insufficient memory.", hint: "It starts by itself when another agent ends and frees memory. Needed now: lower agents.resources.requests.memory, or add a node." };
  replay.status(0, "queued", why, ago(90));
  replay.status(1, "queued", { reason: "FailedCreate", message: "exceeded quota: agents, requested: pods=1, used: pods=10, limited: pods=10", hint: "It starts by itself when another agent of this namespace ends." }, ago(90));
  replay.status(2, "starting", {}, ago(40));
}
