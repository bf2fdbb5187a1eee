import { ArrowDownToLine, Braces, ChevronDown, ChevronUp, Clock, Download, ExternalLink, Search, WrapText } from "lucide-react";
import type { KeyboardEvent, ReactNode, RefObject } from "react";
import { paths } from "@/lib/api";
import { count } from "@/lib/format";
import { cn } from "@/lib/utils";
import { Button } from "../ui/button";
import { CopyButton } from "../ui/copy";
import type { Show } from "./log-rows";

const SHOWS: Record<Show, string> = { all: "All lines", loud: "Warnings and errors", matches: "Matches only" };

interface LogToolbarProps {
  runId: string;
  variation: number;
  search: RefObject<HTMLInputElement | null>;
  query: string;
  onQuery: (query: string) => void;
  /** How many rows match, and which of them is looked at, counted from 1; 0 for none. */
  matches: number;
  match: number;
  onStep: (by: 1 | -1) => void;
  show: Show;
  onShow: (show: Show) => void;
  wrap: boolean;
  onWrap: (wrap: boolean) => void;
  time: boolean;
  onTime: (time: boolean) => void;
  raw: boolean;
  onRaw: (raw: boolean) => void;
  following: boolean;
  onFollow: (follow: boolean) => void;
  allText: () => string;
  marked: number | null;
}

export function LogToolbar(props: LogToolbarProps) {
  const { runId, variation, show, onShow, wrap, onWrap, time, onTime, raw, onRaw, following, onFollow, allText, marked } = props;
  return (
    <div className="flex flex-wrap items-center gap-sm border-b px-3 py-sm max-md:gap-x-1.5">
      <SearchBox {...props} />
      <select
        aria-label="Which lines"
        value={show}
        onChange={(event) => onShow(event.target.value as Show)}
        className="min-h-8 rounded-md border border-neutral-edge bg-neutral-white px-sm text-body-sm pointer-coarse:min-h-11 max-md:order-1 max-md:flex-1"
      >
        {Object.entries(SHOWS).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <span className="flex-1 max-lg:hidden" />
      {marked !== null && (
        <CopyButton className="max-md:order-1" text={() => window.location.href} label={`Copy a link to line ${marked}`}>
          {`Line ${marked}`}
        </CopyButton>
      )}
      <Toggle icon={<WrapText aria-hidden />} text="Wrap" on={wrap} onChange={onWrap} />
      <Toggle icon={<Clock aria-hidden />} text="Time" on={time} onChange={onTime} className="max-md:hidden" />
      <Toggle icon={<Braces aria-hidden />} text="Raw" on={raw} onChange={onRaw} />
      <Toggle icon={<ArrowDownToLine aria-hidden />} text="Follow" on={following} onChange={onFollow} />
      <CopyButton size="icon" text={allText} label="Copy these lines" />
      <Button asChild size="icon">
        <a href={paths.rawLog(runId, variation)} download={`${runId}-${variation}.log`} aria-label="Download the log" title="Download the log, as kubectl prints it">
          <Download aria-hidden />
        </a>
      </Button>
      <Button asChild size="icon" className="max-md:hidden">
        <a href={paths.rawLog(runId, variation)} target="_blank" rel="noreferrer" aria-label="Open raw" title="Open the log alone, as kubectl prints it">
          <ExternalLink aria-hidden />
        </a>
      </Button>
    </div>
  );
}

function Toggle({ icon, text, on, onChange, className }: { icon: ReactNode; text: string; on: boolean; onChange: (on: boolean) => void; className?: string }) {
  return (
    <Button aria-pressed={on} onClick={() => onChange(!on)} title={text} className={cn("max-md:order-1 max-md:w-11 max-md:px-0", className)}>
      {icon}
      <span className="max-md:sr-only">{text}</span>
    </Button>
  );
}

function SearchBox({ search, query, onQuery, matches, match, onStep }: LogToolbarProps) {
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") onStep(event.shiftKey ? -1 : 1);
    // First out of the search, then out of the field, where single keys do their work again.
    else if (event.key === "Escape" && query !== "") onQuery("");
    else if (event.key === "Escape") event.currentTarget.blur();
    else return;
    event.preventDefault();
  };
  return (
    <div className="relative min-w-0 flex-[1_1_12rem] max-md:basis-[calc(100%-7rem)] md:max-w-[26rem]">
      <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-neutral-shadow-ink pointer-coarse:top-3.5" />
      <input
        ref={search}
        type="text"
        role="searchbox"
        aria-label="Search this log"
        placeholder="Search"
        spellCheck={false}
        value={query}
        onChange={(event) => onQuery(event.target.value)}
        onKeyDown={onKeyDown}
        className="min-h-8 w-full rounded-md border border-neutral-edge bg-neutral-white pr-34 pl-8 pointer-coarse:min-h-11 max-md:text-body"
      />
      {query !== "" && (
        <span className="absolute inset-y-0 right-1 flex items-center gap-0.5">
          <span role="status" className="pr-xs text-caption tabular-nums text-neutral-shadow-ink">
            {match > 0 ? `${count(match)} of ${count(matches)}` : matches === 0 ? "none" : `${count(matches)} found`}
          </span>
          <Step icon={<ChevronUp aria-hidden />} label="Previous match" disabled={matches === 0} onClick={() => onStep(-1)} />
          <Step icon={<ChevronDown aria-hidden />} label="Next match" disabled={matches === 0} onClick={() => onStep(1)} />
        </span>
      )}
    </div>
  );
}

function Step({ icon, label, disabled, onClick }: { icon: ReactNode; label: string; disabled: boolean; onClick: () => void }) {
  return (
    <Button variant="ghost" size="icon-sm" className="size-6 border-0 pointer-coarse:size-9" aria-label={label} title={label} disabled={disabled} onClick={onClick}>
      {icon}
    </Button>
  );
}
