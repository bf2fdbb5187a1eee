"use client";

import "react-diff-view/style/index.css";
import "./diff.css";
import { useMemo, useState } from "react";
import { Decoration, Diff, Hunk, markEdits, parseDiff, tokenize, type FileData } from "react-diff-view";
import { visible } from "@/lib/ansi";
import { plural } from "@/lib/format";
import { Alert } from "../ui/alert";
import { Button } from "../ui/button";

/** A file with more changed lines is shown when asked for: drawing it takes long. */
const LARGE_FILE = 400;

/** A patch file by file, with the changed words marked. */
export function PatchView({ patch }: { patch: string }) {
  const files = useMemo(() => parsePatch(patch), [patch]);
  if (files === null) {
    return (
      <Alert tone="warning" className="m-md">
        This change cannot be shown here. Download it: git can still apply it.
      </Alert>
    );
  }
  return (
    <div className="divide-y">
      {files.map((file, index) => (
        <FileView key={index} file={file} />
      ))}
    </div>
  );
}

/** Null for what the parser does not understand. */
function parsePatch(patch: string): FileData[] | null {
  try {
    return parseDiff(visible(patch), { nearbySequences: "zip" });
  } catch {
    return null;
  }
}

const CHANGES: Record<FileData["type"], string> = { add: "new file", delete: "deleted", modify: "", rename: "renamed", copy: "copied" };

function FileView({ file }: { file: FileData }) {
  const changed = file.hunks.reduce((sum, hunk) => sum + hunk.changes.filter((change) => change.type !== "normal").length, 0);
  const [open, setOpen] = useState(changed <= LARGE_FILE);
  const path = file.type === "delete" ? file.oldPath : file.newPath;
  return (
    <section aria-label={path}>
      <h3 className="flex min-h-9 flex-wrap items-center gap-x-sm border-b bg-neutral-paper px-md py-xs font-mono text-caption font-medium">
        {file.type === "rename" && `${file.oldPath} → `}
        {path}
        {CHANGES[file.type] !== "" && <span className="font-sans text-neutral-shadow-ink">{CHANGES[file.type]}</span>}
      </h3>
      {file.isBinary === true && <p className="p-md text-neutral-shadow-ink">A binary file: its content is not shown.</p>}
      {open ? (
        <FileDiff file={file} path={path} />
      ) : (
        <Button className="m-md" onClick={() => setOpen(true)}>
          Show {plural(changed, "changed line")}
        </Button>
      )}
    </section>
  );
}

function FileDiff({ file, path }: { file: FileData; path: string }) {
  const tokens = useMemo(() => tokenize(file.hunks, { enhancers: [markEdits(file.hunks, { type: "block" })] }), [file.hunks]);
  if (file.hunks.length === 0) return null;
  return (
    <div role="region" tabIndex={0} aria-label={`Changes in ${path}`} className="overflow-x-auto -outline-offset-2">
      <Diff viewType="unified" diffType={file.type} hunks={file.hunks} tokens={tokens}>
        {(hunks) =>
          hunks.flatMap((hunk) => [
            <Decoration key={`at ${hunk.content}`}>
              <div className="border-y bg-neutral-paper px-md py-0.5 font-mono text-caption text-neutral-shadow-ink">{hunk.content}</div>
            </Decoration>,
            <Hunk key={hunk.content} hunk={hunk} />,
          ])
        }
      </Diff>
    </div>
  );
}
