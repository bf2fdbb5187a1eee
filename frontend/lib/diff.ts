/** One file of a patch. */
export interface FileStat {
  path: string;
  additions: number;
  deletions: number;
}

/** The files of a unified diff with their changed lines, for a list beside the result. */
export function fileStats(patch: string): FileStat[] {
  const files: FileStat[] = [];
  let file: FileStat | null = null;
  // Lines of the hunk still to come: inside one, `--- ` is a removed line and not a header.
  let oldLeft = 0;
  let newLeft = 0;
  for (const line of patch.split("\n")) {
    if (file !== null && (oldLeft > 0 || newLeft > 0)) {
      if (line.startsWith("+")) {
        file.additions += 1;
        newLeft -= 1;
      } else if (line.startsWith("-")) {
        file.deletions += 1;
        oldLeft -= 1;
      } else if (!line.startsWith("\\")) {
        oldLeft -= 1;
        newLeft -= 1;
      }
      continue;
    }
    if (line.startsWith("diff --git ")) {
      file = { path: headerPath(line), additions: 0, deletions: 0 };
      files.push(file);
      continue;
    }
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk !== null) {
      oldLeft = Number(hunk[1] ?? 1);
      newLeft = Number(hunk[2] ?? 1);
    }
  }
  return files;
}

/** The new path of `diff --git a/x b/x`; git quotes names with unusual characters. */
function headerPath(line: string): string {
  const quoted = / "b\/((?:[^"\\]|\\.)*)"$/.exec(line);
  if (quoted?.[1] !== undefined) return quoted[1];
  const names = line.slice("diff --git ".length);
  // Both names are the same but for a rename, and may hold " b/": halve them where that fits.
  const half = (names.length - 1) / 2;
  if (Number.isInteger(half) && names.slice(2, half) === names.slice(half + 3)) return names.slice(2, half);
  return names.slice(names.lastIndexOf(" b/") + 3);
}
