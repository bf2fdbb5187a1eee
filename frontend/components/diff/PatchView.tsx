"use client";

import "react-diff-view/style/index.css";
import "./diff.css";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Decoration, Diff, Hunk, type HunkTokens } from "react-diff-view";
import { visible } from "@/lib/ansi";
import { edits, paired, type FileChange, type FileKind } from "@/lib/diff";
import { plural } from "@/lib/format";
import { Additions } from "../agents/AgentFacts";
import { Button } from "../ui/button";
import { useDiffLayout, type DiffLayout } from "./layout";

/** A file with more changed lines is shown when asked for: drawing it takes long. */
const LARGE_FILE = 400;
/** And so are the files after so many changed lines in all. */
const LARGE_PATCH = 2_000;

interface PatchViewProps {
  files: readonly FileChange[];
  /** The file to show and to bring into sight; a new object brings it there again. */
  wanted?: { path: string } | null;
}

/** A patch file by file, with the changed words marked. */
export function PatchView({ files, wanted = null }: PatchViewProps) {
  const [layout] = useDiffLayout();
  let before = 0;
  const initiallyOpen = files.map((file) => {
    const changed = file.additions + file.deletions;
    before += changed;
    return changed <= LARGE_FILE && before <= LARGE_PATCH;
  });
  return (
    <div className="divide-y">
      {files.map((file, index) => (
        <FileView key={`${file.path} ${index}`} file={file} layout={layout} initiallyOpen={initiallyOpen[index] ?? false} wanted={wanted?.path === file.path ? wanted : null} />
      ))}
    </div>
  );
}

const KINDS: Record<FileKind, string> = { add: "new file", delete: "deleted", modify: "", rename: "renamed", copy: "copied" };

interface FileViewProps {
  file: FileChange;
  layout: DiffLayout;
  initiallyOpen: boolean;
  wanted: { path: string } | null;
}

function FileView({ file, layout, initiallyOpen, wanted }: FileViewProps) {
  const [open, setOpen] = useState(initiallyOpen);
  const [asked, setAsked] = useState<FileViewProps["wanted"]>(null);
  if (wanted !== asked) {
    setAsked(wanted);
    if (wanted !== null) setOpen(true);
  }
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    if (wanted !== null) section.current?.scrollIntoView({ block: "start" });
  }, [wanted]);
  const id = useId();
  const path = visible(file.path);
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <section ref={section} aria-labelledby={id} className="scroll-mt-16">
      <h3 className="sticky top-13 z-10 flex min-h-9 items-center gap-sm border-b bg-neutral-paper pr-md font-mono text-caption font-medium">
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex min-w-0 flex-1 items-center gap-sm py-1.5 pl-md text-left -outline-offset-2">
          <Chevron aria-hidden className="size-3.5 shrink-0" />
          <span id={id} className="line-clamp-3 min-w-0 break-all">
            {(file.kind === "rename" || file.kind === "copy") && `${visible(file.oldPath)} → `}
            {path}
          </span>
          <span className="whitespace-nowrap">
            <Additions patch={file} />
          </span>
        </button>
        {KINDS[file.kind] !== "" && <span className="font-sans whitespace-nowrap text-neutral-shadow-ink">{KINDS[file.kind]}</span>}
        {file.mode !== null && <span className="whitespace-nowrap text-neutral-shadow-ink max-md:hidden">mode {visible(file.mode)}</span>}
      </h3>
      {open && <FileBody file={file} layout={layout} path={path} />}
      {!open && !initiallyOpen && (
        <Button className="m-md" onClick={() => setOpen(true)}>
          Show {plural(file.additions + file.deletions, "changed line")}
        </Button>
      )}
    </section>
  );
}

/** A file's lines in colours: their code comes after the diff itself. */
function useColours(file: FileChange): HunkTokens | null {
  const [colours, setColours] = useState<{ file: FileChange; tokens: HunkTokens | null } | null>(null);
  useEffect(() => {
    let wanted = true;
    if (file.additions + file.deletions > LARGE_FILE) return;
    import("@/lib/highlight").then(
      ({ highlight }) => wanted && setColours({ file, tokens: highlight(file.path, file.hunks) }),
      // Without its colours a diff is a diff.
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [file]);
  return colours?.file === file ? colours.tokens : null;
}

function FileBody({ file, layout, path }: { file: FileChange; layout: DiffLayout; path: string }) {
  const split = layout === "split";
  const hunks = useMemo(() => (split ? file.hunks.map(paired) : file.hunks), [file.hunks, split]);
  const colours = useColours(file);
  const tokens = useMemo(() => edits(file.hunks, colours), [file.hunks, colours]);
  if (file.binary) return <p className="p-md text-neutral-shadow-ink">A binary file: its content is not shown.</p>;
  if (hunks.length === 0) return <p className="p-md text-neutral-shadow-ink">{file.mode === null ? "No line of it changed." : `Only its mode changed: ${visible(file.mode)}.`}</p>;
  return (
    <div role="region" tabIndex={0} aria-label={`Changes in ${path}`} className="overflow-x-auto -outline-offset-2">
      <Diff viewType={layout} diffType={file.kind} hunks={hunks} tokens={tokens} className={split ? "diff-two" : ""}>
        {(all) =>
          all.flatMap((hunk) => [
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
