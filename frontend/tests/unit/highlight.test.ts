import { expect, test } from "vitest";
import { edits, parsePatch } from "@/lib/diff";
import { highlight } from "@/lib/highlight";

const patch = (path: string, removed: string, added: string) => `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1,2 +1,2 @@\n // before\n-${removed}\n+${added}\n`;

const flat = (tokens: unknown): string => JSON.stringify(tokens).match(/"value":"((?:[^"\\]|\\.)*)"/g)?.map((match) => JSON.parse(`{${match}}`).value).join("") ?? "";

test("words of the language get their colour, and an edit keeps it", () => {
  const [file] = parsePatch(patch("src/a.rs", `let a = "one";`, `let a = "two";`));
  const colours = highlight("src/a.rs", file?.hunks ?? []);
  expect(colours?.new[0]).toEqual([{ type: "code", className: "code-c", children: [{ type: "text", value: "// before" }] }]);
  expect(JSON.stringify(colours?.new[1])).toContain('"className":"code-k","children":[{"type":"text","value":"let"}]');
  const marked = edits(file?.hunks ?? [], colours).new[1];
  expect(marked?.map(({ type }) => type)).toContain("edit");
  expect(JSON.stringify(marked)).toContain('"type":"edit","children":[{"type":"code","className":"code-s"');
  expect(flat(marked)).toBe(`let a = "two";`);
});

test("whatever stands in a file, only its own text and three classes come out", () => {
  const hostile = `<img src=x onerror="owned()"> class="hljs-k" </span><script>owned()</script> \${\`x\`}`;
  for (const path of ["a.rs", "a.ts", "a.html", "a.py", "a.yaml", "a.JSON"]) {
    const [file] = parsePatch(patch(path, hostile, `${hostile}${hostile}`));
    const colours = highlight(path, file?.hunks ?? []);
    expect(flat(colours?.old[1])).toBe(hostile);
    expect(flat(edits(file?.hunks ?? [], colours).new[1])).toBe(hostile + hostile);
    for (const [, name] of JSON.stringify(colours).matchAll(/"className":"([^"]*)"/g)) expect(["code-k", "code-s", "code-c"]).toContain(name);
  }
});

test("what is unknown, or too much, stays as it is", () => {
  const hunks = (content: string) => parsePatch(patch("a", "x", content))[0]?.hunks ?? [];
  expect(highlight("Makefile", hunks("y"))).toBeNull();
  expect(highlight("a.rs", hunks("y".repeat(1001)))).toBeNull();
});
