/** Where the changes of several agents agree, file by file. */
import type { FileChange } from "./diff";

/** What one agent did to one file. */
export type Cell =
  /** Others did exactly the same; `group` is the same letter for all of them. */
  | { kind: "same"; group: string; change: FileChange }
  | { kind: "own"; change: FileChange }
  | { kind: "untouched" }
  /** The agent has no patch. */
  | { kind: "none" };

export interface AgreementRow {
  path: string;
  /** Whether it looks like a test that was there before. */
  test: boolean;
  cells: Map<number, Cell>;
}

/** The changes of each agent by its id; null for one without a patch. */
export type Changes = ReadonlyMap<number, readonly FileChange[] | null>;

/** One row a file, those that most agents changed first. */
export function agreement(changes: Changes): AgreementRow[] {
  const byPath = new Map<string, Map<number, FileChange>>();
  for (const [id, files] of changes) {
    for (const file of files ?? []) {
      const touched = byPath.get(file.path) ?? new Map<number, FileChange>();
      byPath.set(file.path, touched.set(id, file));
    }
  }
  const rows = [...byPath].sort(([pathA, a], [pathB, b]) => b.size - a.size || (pathA < pathB ? -1 : 1));
  let groups = 0;
  return rows.map(([path, touched]) => {
    const letters = new Map<string, string>();
    for (const [body, agents] of countBy([...touched.values()].map((change) => change.body))) {
      if (agents > 1) letters.set(body, letter(groups++));
    }
    const cells = new Map<number, Cell>();
    for (const [id, files] of changes) {
      const change = touched.get(id);
      if (files === null) cells.set(id, { kind: "none" });
      else if (change === undefined) cells.set(id, { kind: "untouched" });
      else {
        const group = letters.get(change.body);
        cells.set(id, group === undefined ? { kind: "own", change } : { kind: "same", group, change });
      }
    }
    return { path, test: [...touched.values()].some(editsTest), cells };
  });
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** a … z, then aa, ab … */
const letter = (index: number): string => (index < 26 ? "" : letter(Math.floor(index / 26) - 1)) + String.fromCharCode(97 + (index % 26));

const TEST_PATH = /(^|\/)(tests?|__tests__|specs?|testdata)\/|(^|\/)(test_[^/]*|[^/]*[._-](test|tests|spec))\.[^/.]+$/i;

/** Whether a path looks like a test's: by the names that test runners look for. */
export const isTest = (path: string): boolean => TEST_PATH.test(path);

/** Whether a change touches a test that was there before: adding one is no cause for doubt. */
export const editsTest = (change: FileChange): boolean => change.kind !== "add" && (isTest(change.oldPath) || isTest(change.path));
