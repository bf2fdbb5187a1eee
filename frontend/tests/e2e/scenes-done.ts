import type { Judgement, Publication, Run, Variation } from "../../lib/types";
import type { Replay } from "./replay";
import { ago, BEGAN, begin, work } from "./scenes";

/* A run that has ended, with what there is to compare in it. */

const CHECK = "cargo test";

/** `+` and `-` lines of one file, as git says them. */
const file = (path: string, hunk: string, isNew = false) =>
  [`diff --git a/${path} b/${path}`, ...(isNew ? ["new file mode 100644", "--- /dev/null"] : [`--- a/${path}`]), `+++ b/${path}`, hunk].join("\n");

const ERROR_HUNK = `@@ -12,6 +12,8 @@ pub enum ParseError {
     /// Neither a number nor a unit.
     Unexpected(char),
+    /// The value does not fit.
+    Overflow,
     /// There is nothing to read.
     Empty,
 }
`;

const parser = (change: string, total: string) => `@@ -31,12 +31,16 @@ pub fn parse(text: &str) -> Result<Duration, ParseError> {
     let mut total: u64 = 0;
     let mut rest = text.trim();
     if rest.is_empty() {
-        return Ok(Duration::from_secs(0));
+        return Err(ParseError::Empty);
     }
     while !rest.is_empty() {
         let (number, tail) = read_number(rest)?;
         let (unit, tail) = read_unit(tail)?;
-        total = number * unit.seconds();
+        ${change}
+        ${total}
+            .ok_or(ParseError::Overflow)?;
         rest = tail.trim_start();
     }
     Ok(Duration::from_secs(total))
`;

const TESTS = `@@ -0,0 +1,9 @@
+use parse_duration::{parse, ParseError};
+
+#[test]
+fn overflow_is_an_error() {
+    let text = format!("{}d", u64::MAX);
+    assert_eq!(parse(&text), Err(ParseError::Overflow));
+}
+
+// One more unit than fits.
`;

const README = `@@ -8,3 +8,4 @@ Units may be joined: \`1h 30m\`.
 A unit that comes twice is an error.
+A value that does not fit into 64 bits is an error, too.
 
 ## License
`;

const LIMITS = `@@ -1,4 +1,4 @@
 #[test]
-fn big_values_panic() {
+fn big_values_are_errors() {
-    assert!(std::panic::catch_unwind(|| parse("99999999999999999999s")).is_err());
+    assert!(parse("99999999999999999999s").is_err());
 }
`;

const checked = parser("let seconds = number.checked_mul(unit.seconds());", "total = seconds.and_then(|seconds| total.checked_add(seconds))");
const PATCHES: readonly string[] = [
  file("src/error.rs", ERROR_HUNK) + file("src/parser.rs", checked),
  file("src/error.rs", ERROR_HUNK) + file("src/parser.rs", checked) + file("tests/overflow.rs", TESTS, true),
  file("src/error.rs", ERROR_HUNK) + file("src/parser.rs", parser("let seconds = number.saturating_mul(unit.seconds());", "total = total.checked_add(seconds)")) + file("README.md", README),
  file("src/parser.rs", parser("let seconds = unit.seconds() * number;", "total = Some(total + seconds)")) + file("tests/limits.rs", LIMITS),
];

const SUMMARIES = [
  "Each unit now adds to the total with checked arithmetic. A value that does not fit is the new `ParseError::Overflow` instead of a panic, and an empty text is `ParseError::Empty`. Tests are untouched.",
  "The total is summed with `checked_mul` and `checked_add`; what does not fit is `ParseError::Overflow`. A new test in tests/overflow.rs holds the limit.",
  "Overflow is an error now. I used `saturating_mul` for single units, so a unit alone that is too large is caught when it is added.",
  "The loop adds instead of assigning. I changed tests/limits.rs, because it expected a panic.",
];
const COSTS = [0.11, 0.1934, 0.0822, 0.0518];
const TOKENS = [16_800, 31_400, 12_100, 9_600];

/** Size of a patch, as the agent says it. */
function sizeOf(patch: string) {
  const lines = patch.split("\n");
  const count = (test: RegExp) => lines.filter((line) => test.test(line)).length;
  return { files: count(/^diff --git /), additions: count(/^\+(?!\+\+ )/), deletions: count(/^-(?!-- )/) };
}

/** Four agents that succeeded, each in its own way, and one that ran out of memory. */
export function fiveResults(replay: Replay): void {
  PATCHES.forEach((patch, id) => {
    const passes = id < 2;
    begin(replay, id, 99 - id);
    work(replay, id, 88 - 3 * id);
    replay.say(id, { type: "status", step: "check", message: CHECK }, ago(44 - 5 * id));
    const output_tail = passes
      ? "running 9 tests\ntest single_unit ... ok\ntest compound_units_add_up ... ok\ntest overflow_is_an_error ... ok\n\ntest result: \u001b[32mok\u001b[0m. 9 passed; 0 failed; 0 ignored; finished in 0.02s\n"
      : "running 9 tests\ntest single_unit ... ok\ntest overflow_is_an_error ... \u001b[31mFAILED\u001b[0m\n\nthread 'overflow_is_an_error' panicked at tests/compound.rs:31:5:\nassertion `left == right` failed\n  left: Ok(18446744073709551615s)\n right: Err(Overflow)\n\ntest result: \u001b[31mFAILED\u001b[0m. 8 passed; 1 failed\n";
    replay.say(id, { type: "check", command: CHECK, exit_code: passes ? 0 : 101, seconds: 21.8 - id, output_tail }, ago(22 - 3 * id));
    const size = sizeOf(patch);
    replay.say(id, { type: "patch", part: 1, last: true, data: "", ...size }, ago(20 - 3 * id));
    replay.say(id, { type: "finished", outcome: "succeeded", summary: SUMMARIES[id] }, ago(19 - 3 * id));
    replay.patches.set(id, patch);
    replay.status(id, "succeeded", {}, ago(18 - 3 * id));
    const usage = { input_tokens: (TOKENS[id] ?? 0) - 2100, output_tokens: 2100, cost_usd: COSTS[id] };
    replay.complete(id, "succeeded", { patch: size, usage }, ago(18 - 3 * id));
  });
  begin(replay, 4, 95);
  work(replay, 4, 80);
  replay.line(4, "\u001b[1;31merror\u001b[0m: could not compile `parse-duration` (signal: 9, SIGKILL: kill)", ago(20)).flush();
  const killed = { reason: "OOMKilled", message: "The container used more than 1Gi of memory.", hint: "Raise agents.resources.limits.memory, or let the build use fewer jobs." };
  replay.status(4, "failed", killed, ago(18));
  replay.emit("agent_error", { variation_id: 4, error: killed.message, reason: killed.reason, hint: killed.hint, exit_code: 137, timestamp: ago(18) });
  replay.complete(4, "failed", { exit_code: 137 }, ago(18));
  replay.end("completed");
  replay.run.finished_at = ago(9);
}

/** A judge's advice on those results. */
export function judged(run: Run): Judgement {
  const [first] = run.variations;
  if (first === undefined) throw new Error("no variation");
  const place = (variation_id: number, rank: number, ok: boolean, reasons: string[], risks: string[] = []) => ({
    variation_id,
    rank,
    pairs: 3,
    score: 4 - rank,
    gates: [{ gate: "check", ok, detail: ok ? CHECK : `${CHECK}: exit 101` }],
    reasons,
    risks,
  });
  return {
    candidates: [0, 1, 2, 3].map((variation_id) => ({ variation_id, attempt: 0 })),
    flip_rate: 0.17,
    judge: { ...first, variation_id: 255, job_name: `agent-${run.run_id}-judge`, model: "scripted-large", status: "succeeded", usage: { input_tokens: 8_200, output_tokens: 640, cached_tokens: 0, cost_usd: 0.031 }, cost_usd: 0.031 },
    message: "Agent 2 is preferred: it does the same as agent 1, and adds a test for the limit.",
    pairs: 6,
    preferred: [1],
    ranking: [
      place(1, 1, true, ["Same arithmetic as agent 1, with a test that fails without it."]),
      place(0, 2, true, ["Smallest change that passes all checks."]),
      place(2, 3, false, ["Updates README.md as well."], ["saturating_mul hides an overflow of a single unit."]),
      place(3, 4, false, [], ["Edits a test that was there before."]),
    ],
    stale: false,
    verdict: "preferred",
  };
}

/** The same run as the list of runs shows it, with others that came before. */
export function history(run: Run): Run[] {
  const other = (index: number, more: Partial<Run>): Run => ({
    ...run,
    run_id: `run-0198a7c41e5b7d2084c1f0a9b6d3e7${60 + index}`,
    created_at: ago(BEGAN + index * 5400 + 3600),
    finished_at: ago(BEGAN + index * 5400 + 3300),
    winning_variation_id: null,
    ...more,
  });
  const ended = (status: "succeeded" | "failed" | "cancelled", usage: number) => run.variations.map((variation) => ({ ...variation, status, cost_usd: usage / 5, usage: { input_tokens: 14_000, output_tokens: 1_900, cached_tokens: 0, cost_usd: usage / 5 } }));
  return [
    { ...run, status: "running" },
    other(1, { status: "completed", prompt: "Add a README that says what this repository is for", variations: ended("succeeded", 0.31), winning_variation_id: 1 }),
    other(2, { status: "completed", github_url: "https://github.com/demo/todo-api", prompt: "Replace the hand-written query parser with serde_urlencoded and keep every test as it is", variations: ended("succeeded", 0.52), winning_variation_id: 3 }),
    other(3, { status: "failed", github_url: "https://github.com/demo/todo-api", prompt: "Make the Docker build reproducible", variations: ended("failed", 0.08) }),
    other(4, { status: "cancelled", github_url: "https://gitlab.com/tools/changelog-from-commits", prompt: "Write a changelog from the commits since v1.4.0", variations: ended("cancelled", 0.02) }),
    other(5, { status: "completed", prompt: "Name every magic number", variations: ended("succeeded", 0.27) }),
  ];
}

/** The result of the first agent as a branch, as its publisher stands. */
export function publication(run: Run, publisher: Partial<Variation>, more: Partial<Publication> = {}): Publication {
  const [first] = run.variations;
  if (first === undefined) throw new Error("no variation");
  return { attempt: 0, branch: "aideator/0198a7c41e5b", variation_id: 0, commit: null, url: null, ...more, publisher: { ...first, variation_id: 254, job_name: `agent-${run.run_id}-publish`, ...publisher } };
}

/** How a publisher ends whose branch is there already. */
export const NOT_PUSHED = { status: "failed", reason: "branch_exists", message: "The repository has the branch aideator/0198a7c41e5b already; nothing was pushed.", hint: "Publish it under another name." } as const;
