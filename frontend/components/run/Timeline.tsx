"use client";

import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import { useHue, useWords } from "@/hooks/useBlind";
import { visible } from "@/lib/ansi";
import { capital, duration } from "@/lib/format";
import type { PhaseKind } from "@/lib/run-phases";
import type { RunState, VariationState } from "@/lib/run-state";
import { laneInWords, percent, PHASE_WORDS, spanOf, ticks, type Span } from "@/lib/run-timeline";
import { cn } from "@/lib/utils";
import { Mark, Model } from "../agents/Who";
import { statusWord } from "../agents/words";
import { Button } from "../ui/button";
import { Status } from "../ui/status";

const LOOKS: Record<PhaseKind, string> = {
  queue: "phase-queue",
  clone: "phase-clone",
  model: "phase-model",
  tools: "phase-tools",
  tests: "phase-tests font-medium",
  end: "phase-end",
};
/** Narrower stretches say nothing, percent of the width. */
const ROOM_FOR_TEXT = 7;

interface TimelineProps {
  state: RunState;
  /** When the run began, ms since the epoch. */
  from: number;
  now: number;
  ended: boolean;
  /** The moment that the logs beside it are shown at; null for the newest. */
  cursor: number | null;
  onCursor: (at: number | null) => void;
  /** An agent at a moment was asked for. */
  onPick: (agent: number, at: number) => void;
}

/** Five lanes over one axis of time: who waited, thought, worked, tested, and when. */
export function Timeline({ state, from, now, ended, cursor, onCursor, onPick }: TimelineProps) {
  const span = spanOf(state, from, now, ended);
  const lanes = useRef<HTMLDivElement>(null);
  const timeAt = (event: PointerEvent) => {
    const box = lanes.current?.getBoundingClientRect();
    if (box === undefined) return null;
    const at = span.from + ((event.clientX - box.left) / box.width) * (span.to - span.from);
    return Math.min(span.end, Math.max(span.from, at));
  };
  return (
    <section aria-labelledby="timeline" className="mb-md min-w-0 rounded-lg border bg-neutral-paper">
      <div className="flex min-h-11 flex-wrap items-center gap-x-md gap-y-xs border-b px-md py-xs">
        <h2 id="timeline" className="text-body-sm font-semibold">
          Timeline
        </h2>
        {cursor !== null && (
          <p className="flex items-center gap-sm text-caption">
            <span>
              The logs below are shown at <b className="font-semibold tabular-nums">{duration(cursor - span.from)}</b>
            </span>
            <Button size="sm" onClick={() => onCursor(null)}>
              Show the newest
            </Button>
          </p>
        )}
        <Legend />
      </div>
      <div className="grid grid-cols-[1.75rem_minmax(0,1fr)] px-3 py-sm md:grid-cols-[10rem_minmax(0,1fr)_8.5rem] md:px-md xl:grid-cols-[12rem_minmax(0,1fr)_9rem]">
        <div>
          {state.variations.map((variation) => (
            <div key={variation.id} className="flex h-7 items-center gap-sm pr-md">
              <Mark agent={variation.id} />
              <span className="min-w-0 truncate text-caption font-semibold max-md:sr-only">
                <Model variation={variation} />
              </span>
            </div>
          ))}
        </div>
        <div
          ref={lanes}
          className="relative touch-pan-y"
          onPointerMove={(event) => event.pointerType === "mouse" && onCursor(timeAt(event))}
          onPointerLeave={(event) => event.pointerType === "mouse" && onCursor(null)}
        >
          <Gridlines span={span} />
          {state.variations.map((variation) => (
            <Lane key={variation.id} variation={variation} span={span} onClick={(event) => {
              const at = timeAt(event);
              if (at !== null) onPick(variation.id, at);
            }} />
          ))}
          {!ended && <Line span={span} at={span.end} className="bg-ai-primary-ink" />}
          {cursor !== null && <Line span={span} at={cursor} className="bg-neutral-charcoal" />}
          <Axis span={span} ended={ended} cursor={cursor} onCursor={onCursor} />
        </div>
        <div className="max-md:hidden">
          {state.variations.map((variation) => (
            <div key={variation.id} className="flex h-7 items-center justify-end overflow-hidden">
              <Status status={variation.status} word={statusWord(variation)} />
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}

function Legend() {
  return (
    <p aria-hidden className="ml-auto flex flex-wrap gap-x-md gap-y-xs text-caption text-neutral-shadow-ink max-md:hidden">
      {(Object.keys(LOOKS) as PhaseKind[]).map((kind) => (
        <span key={kind} className="inline-flex items-center gap-1.5">
          <i className={cn("inline-block h-3 rounded-sm", kind === "end" ? "w-1.5" : "w-4", LOOKS[kind])} />
          {PHASE_WORDS[kind]}
        </span>
      ))}
    </p>
  );
}

function Lane({ variation, span, onClick }: { variation: VariationState; span: Span; onClick: (event: PointerEvent<HTMLDivElement>) => void }) {
  const [hue, words] = [useHue(), useWords()];
  return (
    <div role="img" aria-label={laneInWords(variation, span, capital(words(variation.id)))} {...hue(variation.id)} onPointerUp={onClick} className="relative h-7 cursor-pointer">
      {variation.phases.map((phase, index) => {
        const left = percent(span, phase.from);
        const width = percent(span, phase.to ?? span.end) - left;
        const roomy = width > ROOM_FOR_TEXT;
        return (
          <span
            key={index}
            className={cn(
              "absolute top-1 bottom-1 overflow-hidden rounded-[3px] text-caption leading-5 whitespace-nowrap max-md:text-[0px]",
              LOOKS[phase.kind],
              phase.to === null && "rounded-r-none",
              roomy && "px-1.5",
            )}
            style={{ left: `${left}%`, width: `max(3px, calc(${width}% - 1px))` }}
          >
            {roomy && phaseText(phase.kind, visible(phase.label))}
          </span>
        );
      })}
    </div>
  );
}

function phaseText(kind: PhaseKind, label: string) {
  if (kind === "clone" || kind === "end") return null;
  if (kind === "queue") return label === "" ? null : <span className="inline-block rounded-[3px] max-md:hidden bg-neutral-paper px-1.5 leading-4">{label}</span>;
  return label === "" ? PHASE_WORDS[kind] : label;
}

function Gridlines({ span }: { span: Span }) {
  return ticks(span).map(({ at }) => <span key={at} aria-hidden className="absolute top-0 bottom-5 w-px bg-neutral-fog" style={{ left: `${percent(span, at)}%` }} />);
}

function Line({ span, at, className }: { span: Span; at: number; className: string }) {
  return <span aria-hidden className={cn("pointer-events-none absolute -top-0.5 bottom-5 z-10 -ml-px w-0.5", className)} style={{ left: `${percent(span, at)}%` }} />;
}

/** The axis; with the keyboard it moves the time cursor. */
function Axis({ span, ended, cursor, onCursor }: { span: Span; ended: boolean; cursor: number | null; onCursor: (at: number | null) => void }) {
  const onKeyDown = (event: KeyboardEvent) => {
    const at = cursor ?? span.end;
    const step = (span.end - span.from) / (event.shiftKey ? 10 : 100);
    const keys: Record<string, number | null> = {
      ArrowLeft: Math.max(span.from, at - step),
      ArrowRight: at + step >= span.end ? null : at + step,
      Home: span.from,
      End: null,
      Escape: null,
    };
    const next = keys[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onCursor(next);
  };
  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label="Time that the logs are shown at"
      aria-valuemin={0}
      aria-valuemax={Math.round((span.end - span.from) / 1000)}
      aria-valuenow={Math.round(((cursor ?? span.end) - span.from) / 1000)}
      aria-valuetext={cursor === null ? "newest" : duration(cursor - span.from)}
      onKeyDown={onKeyDown}
      className="relative h-5 text-caption tabular-nums text-neutral-shadow-ink"
    >
      {ticks(span).map(({ at, label }, index) => {
        const left = percent(span, at);
        const toNow = ended ? Infinity : Math.abs(left - percent(span, span.end));
        if (toNow < 6 || left > 97) return null;
        return (
          <span key={at} className={cn("absolute whitespace-nowrap", index > 0 && "-translate-x-1/2", (index % 2 === 1 || toNow < 18) && "max-md:hidden")} style={{ left: `${left}%` }}>
            {label}
          </span>
        );
      })}
      {!ended && (
        <span className="absolute -translate-x-1/2 font-semibold text-ai-primary-ink" style={{ left: `${percent(span, span.end)}%` }}>
          now
        </span>
      )}
    </div>
  );
}
