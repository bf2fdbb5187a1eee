"use client";

import { Settings2 } from "lucide-react";
import { useId, useState, type ComponentProps } from "react";
import { dollars } from "@/lib/format";
import type { Range } from "@/lib/estimate";
import type { VariantDraft } from "@/lib/new-run";
import type { Models } from "@/lib/types";
import { cn } from "@/lib/utils";
import { AgentBadge } from "../ui/badge";
import { Button } from "../ui/button";
import { control } from "../ui/field";
import { Select } from "../ui/select";

/** The server's own temperatures where none is asked for. */
const SPREAD = ["0.3", "0.7", "0.9", "0.5", "0.1"];

interface VariantRowsProps {
  variants: readonly VariantDraft[];
  /** Null while it is not known what can be picked. */
  models: Models | null;
  /** What each may cost; null where that is not known. */
  costs: readonly (Range | null)[];
  /** What is wrong, by the path of the request's field. */
  wrong: Record<string, string>;
  onChange: (index: number, values: Partial<VariantDraft>) => void;
}

/** What makes each variation different from the others. */
export function VariantRows({ variants, models, costs, wrong, onChange }: VariantRowsProps) {
  const priced = costs.some((cost) => cost !== null);
  return (
    <div className="grid">
      <div aria-hidden className={cn("grid gap-3 border-b pb-xs text-caption text-neutral-shadow-ink max-md:hidden", columns(priced))}>
        <span />
        <span>Model</span>
        <span>Temperature</span>
        <span>Instructions</span>
        {priced && <span className="text-right">about</span>}
        <span />
      </div>
      {variants.map((variant, index) => (
        <VariantRow
          key={index}
          agent={index}
          variant={variant}
          models={models}
          cost={priced ? (costs[index] ?? null) : undefined}
          wrong={(field) => wrong[`variants.${index}.${field}`]}
          onChange={(values) => onChange(index, values)}
        />
      ))}
    </div>
  );
}

const columns = (priced: boolean): string =>
  priced ? "md:grid-cols-[1.25rem_minmax(0,13rem)_6rem_minmax(0,1fr)_4.5rem_2rem]" : "md:grid-cols-[1.25rem_minmax(0,13rem)_6rem_minmax(0,1fr)_2rem]";

interface VariantRowProps {
  agent: number;
  variant: VariantDraft;
  models: Models | null;
  /** Undefined where no cost is known of any of them. */
  cost: Range | null | undefined;
  wrong: (field: string) => string | undefined;
  onChange: (values: Partial<VariantDraft>) => void;
}

function VariantRow({ agent, variant, models, cost, wrong, onChange }: VariantRowProps) {
  const number = agent + 1;
  const id = useId();
  const [more, setMore] = useState(false);
  const hasMore = models !== null && (models.engines.includes("command") || models.images.length > 1);
  const open = hasMore && (more || variant.command !== "" || variant.image !== "");
  const messages = ["model", "temperature", "instructions", "command", "image"].map(wrong).filter((message) => message !== undefined);
  return (
    <div className="grid gap-y-sm border-b py-sm last:border-b-0">
      <div className={cn("grid grid-cols-[1.25rem_minmax(0,1fr)_5rem_2.75rem] items-center gap-x-3 gap-y-sm", columns(cost !== undefined))}>
        <AgentBadge agent={agent} />
        <Model agent={number} models={models} value={variant.model} invalid={wrong("model") !== undefined} onChange={(model) => onChange({ model })} />
        <Small
          aria-label={`Temperature of agent ${number}`}
          inputMode="decimal"
          placeholder={SPREAD[agent]}
          value={variant.temperature}
          aria-invalid={wrong("temperature") !== undefined}
          onChange={(event) => onChange({ temperature: event.target.value })}
        />
        <Small
          aria-label={`Instructions for agent ${number} alone`}
          placeholder="The server’s choice"
          value={variant.instructions}
          aria-invalid={wrong("instructions") !== undefined}
          onChange={(event) => onChange({ instructions: event.target.value })}
          className="max-md:order-last max-md:col-span-3 max-md:col-start-2"
        />
        {cost !== undefined && <span className="text-right text-caption tabular-nums text-neutral-shadow-ink max-md:hidden">{cost === null ? "unknown" : dollars(cost.high)}</span>}
        {hasMore ? (
          <Button
            variant="ghost"
            size="icon"
            aria-label={`More settings of agent ${number}`}
            title="Another program or image"
            aria-expanded={open}
            aria-controls={id}
            onClick={() => setMore(!open)}
          >
            <Settings2 aria-hidden />
          </Button>
        ) : (
          <span />
        )}
      </div>
      {open && (
        <div id={id} className="grid gap-x-3 gap-y-sm pl-8 md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
          <Small
            aria-label={`Command of agent ${number}`}
            placeholder="Command in place of the built-in agent, such as claude -p …"
            spellCheck={false}
            className="font-mono text-caption"
            value={variant.command}
            aria-invalid={wrong("command") !== undefined}
            onChange={(event) => onChange({ command: event.target.value })}
          />
          {models.images.length > 1 && (
            <Select aria-label={`Image of agent ${number}`} className="min-h-8" value={variant.image} onChange={(event) => onChange({ image: event.target.value })}>
              <option value="">The server’s image</option>
              {models.images.slice(1).map((image) => (
                <option key={image}>{image}</option>
              ))}
            </Select>
          )}
        </div>
      )}
      {messages.map((message) => (
        <p key={message} role="alert" className="pl-8 text-caption text-semantic-error-ink">
          {message}
        </p>
      ))}
    </div>
  );
}

/** Picked from what the server offers; typed where it takes any. */
function Model({ agent, models, value, invalid, onChange }: { agent: number; models: Models | null; value: string; invalid: boolean; onChange: (value: string) => void }) {
  const list = useId();
  const label = `Model of agent ${agent}`;
  const first = models?.models[0]?.label;
  if (models === null || models.any_model) {
    return (
      <>
        <Small aria-label={label} aria-invalid={invalid} list={list} spellCheck={false} placeholder={first ?? "the server’s default"} value={value} onChange={(event) => onChange(event.target.value)} />
        <datalist id={list}>
          {models?.models.map((model) => (
            <option key={model.id} value={model.id} />
          ))}
        </datalist>
      </>
    );
  }
  return (
    <Select aria-label={label} aria-invalid={invalid} className="min-h-8" value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{models.models.length > 1 ? "The server picks" : first}</option>
      {(models.models.length > 1 ? models.models : []).map((model) => (
        <option key={model.id} value={model.id}>
          {model.label}
        </option>
      ))}
      {/* A model that was offered when an earlier run was made. */}
      {value !== "" && !models.models.some((model) => model.id === value) && <option value={value}>{value} (not offered)</option>}
    </Select>
  );
}

function Small({ className, ...props }: ComponentProps<"input">) {
  return <input className={cn(control, "min-h-8 min-w-0 py-1 text-ellipsis max-md:px-sm pointer-coarse:min-h-11", className)} {...props} />;
}
