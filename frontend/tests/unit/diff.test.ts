import { describe, expect, test } from "vitest";
import { agreement, editsTest, isTest } from "@/lib/agreement";
import { edits, paired, parsePatch } from "@/lib/diff";

const file = (path: string, ...lines: string[]) => [`diff --git a/${path} b/${path}`, `--- a/${path}`, `+++ b/${path}`, ...lines, ""].join("\n");

test("lines that look like headers are counted as what they are", () => {
  const patch = [
    "diff --git a/a b/a b/a b/a",
    "--- a/a b/a",
    "+++ b/a b/a",
    "@@ -1,3 +1,2 @@",
    " same",
    "--- removed line",
    "-diff --git a/x b/x",
    "+@@ -1 +1 @@",
    "diff --git a/old.txt b/new.txt",
    "rename from old.txt",
    "rename to new.txt",
    'diff --git "a/caf\\303\\251" "b/caf\\303\\251"',
    "@@ -0,0 +1 @@",
    "+x",
    "\\ No newline at end of file",
    "",
  ].join("\n");
  expect(parsePatch(patch).map(({ path, additions, deletions }) => ({ path, additions, deletions }))).toEqual([
    { path: "a b/a", additions: 1, deletions: 2 },
    { path: "new.txt", additions: 0, deletions: 0 },
    { path: "café", additions: 1, deletions: 0 },
  ]);
});

describe("what git writes", () => {
  test("names with spaces, renames, modes, binaries and files that come and go", () => {
    const patch = [
      "diff --git a/a file.md b/a file.md",
      "new file mode 100644",
      "index 0000000..1111111",
      "--- /dev/null",
      "+++ b/a file.md\t",
      "@@ -0,0 +1 @@",
      "+new",
      "diff --git a/gone b/gone",
      "deleted file mode 100644",
      "--- a/gone",
      "+++ /dev/null",
      "@@ -1 +0,0 @@",
      "-old",
      "diff --git a/run.sh b/run.sh",
      "old mode 100644",
      "new mode 100755",
      "diff --git a/x.png b/x.png",
      "index 1111111..2222222 100644",
      "GIT binary patch",
      "literal 3",
      "@@ -1 +1 @@",
      "+not a line of text",
      "diff --git a/one b/two",
      "similarity index 90%",
      "copy from one",
      "copy to two",
    ].join("\n");
    expect(parsePatch(patch).map(({ path, oldPath, kind, binary, mode, hunks }) => [path, oldPath, kind, binary, mode, hunks.length])).toEqual([
      ["a file.md", "a file.md", "add", false, null, 1],
      ["gone", "gone", "delete", false, null, 1],
      ["run.sh", "run.sh", "modify", false, "100644 → 100755", 0],
      ["x.png", "x.png", "modify", true, null, 0],
      ["two", "one", "copy", false, null, 0],
    ]);
  });

  test("hostile text does nothing but be seen", () => {
    const [change] = parsePatch(file("x", "@@ -1,9999999 +4000000000,1 @@ \u202e", "-a\r", `+${"x".repeat(1_000_000)}`, "+\u202e<script>"));
    const lines = change?.hunks[0]?.changes.map(({ content }) => content) ?? [];
    expect(lines[0]).toBe("a␍");
    expect(lines[1]?.length).toBeLessThan(2_100);
    expect(lines[2]).toBe("\\u202e<script>");
    expect(change?.hunks[0]?.content).toContain("\\u202e");
    // A hunk that claims more lines than it has does not swallow the next file.
    expect(parsePatch(file("x", "@@ -1,9 +1,9 @@", "-a") + file("y", "@@ -1 +1 @@", "-a", "+b")).map(({ path }) => path)).toEqual(["x", "y"]);
    expect(parsePatch("nonsense\n@@ -1 +1 @@\n+x")).toEqual([]);
  });
});

test("the words that changed are marked, and only where a line was edited", () => {
  const [change] = parsePatch(file("x", "@@ -1,2 +1,3 @@", "-let total = zero();", "-for token in input {", "+let mut total = zero();", "+return Err(Overflow);", "+}"));
  const hunks = change?.hunks ?? [];
  expect(hunks.map(paired)[0]?.changes.map(({ type }) => type)).toEqual(["delete", "insert", "delete", "insert", "insert"]);
  const tokens = edits(hunks);
  expect(tokens.new[0]).toEqual([
    { type: "text", value: "let " },
    { type: "edit", children: [{ type: "text", value: "mut " }] },
    { type: "text", value: "total = zero();" },
  ]);
  expect(tokens.new[1]).toBeUndefined();
});

test("agents that did the same share a letter; a test that was there before is told", () => {
  const body = ["@@ -1 +1 @@", "-a", "+b"];
  const same = file("src/lib.rs", ...body);
  const rows = agreement(
    new Map([
      [0, parsePatch(same + file("tests/old.rs", ...body))],
      [1, parsePatch(same)],
      [2, parsePatch(file("src/lib.rs", "@@ -1 +1 @@", "-a", "+c"))],
      [3, null],
    ]),
  );
  expect(rows.map(({ path, test: isOld, cells }) => [path, isOld, ...[0, 1, 2, 3].map((id) => cells.get(id)?.kind)])).toEqual([
    ["src/lib.rs", false, "same", "same", "own", "none"],
    ["tests/old.rs", true, "own", "untouched", "untouched", "none"],
  ]);
  expect(rows[0]?.cells.get(0)).toMatchObject({ group: "a" });
});

test.each([
  ["tests/a.rs", true],
  ["src/test_parser.py", true],
  ["a/b.spec.ts", true],
  ["pkg/x_test.go", true],
  ["src/contest.rs", false],
  ["latest.json", false],
])("%s is a test's path: %s", (path, expected) => expect(isTest(path)).toBe(expected));

test("a new test is no edit of one", () => {
  const [added] = parsePatch("diff --git a/tests/new.rs b/tests/new.rs\nnew file mode 100644\n--- /dev/null\n+++ b/tests/new.rs\n@@ -0,0 +1 @@\n+x");
  expect(added !== undefined && editsTest(added)).toBe(false);
});
