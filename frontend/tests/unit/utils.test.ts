import { describe, expect, test } from "vitest";
import { ago, clock, dollars, duration, plural, repositoryName } from "@/lib/format";
import { cn } from "@/lib/utils";

test("cn keeps a size of ours beside a colour of ours, and lets the later of two sizes win", () => {
  expect(cn("text-body-sm", "text-agent-1")).toBe("text-body-sm text-agent-1");
  expect(cn("p-md text-caption", "p-lg text-h1")).toBe("p-lg text-h1");
});

describe("format", () => {
  test.each([
    [0, "00:00"],
    [102_000, "01:42"],
    [3_723_000, "1:02:03"],
    [-5, "00:00"],
  ])("duration(%i) is %s", (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

  test("money keeps the digits that matter", () => {
    expect([dollars(0), dollars(0.00421), dollars(0.31)]).toEqual(["$0.00", "$0.0042", "$0.31"]);
  });

  test("counts and times", () => {
    expect([plural(1, "line"), plural(1204, "line"), plural(2, "match", "matches")]).toEqual(["1 line", "1,204 lines", "2 matches"]);
    const now = Date.parse("2026-01-02T12:00:00Z");
    expect(["2026-01-02T11:59:31Z", "2026-01-02T11:15:00Z", "2026-01-02T02:00:00Z", "2026-01-01T02:00:00Z"].map((time) => ago(time, now))).toEqual([
      "now",
      "45 min ago",
      "10 h ago",
      "yesterday",
    ]);
    expect(clock("not a time")).toBe("");
  });

  test.each([
    ["https://github.com/octocat/Hello-World", "octocat/Hello-World"],
    ["http://demo:8080/git/parse-duration.git", "git/parse-duration"],
    ["nonsense", "nonsense"],
  ])("the name of %s is %s", (url, name) => expect(repositoryName(url)).toBe(name));
});
