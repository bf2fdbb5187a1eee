"use client";

import { useState } from "react";
import { useUsage } from "@/hooks/useAdmin";
import { visible } from "@/lib/ansi";
import { count } from "@/lib/format";
import type { UsageDay } from "@/lib/types";
import { Select } from "../ui/select";
import type { Column } from "../ui/table";
import { Cost, Tokens } from "./amounts";
import { ListFrame, type ListProps } from "./ListFrame";

const SPANS = [7, 30, 90, 365];

const COLUMNS: readonly Column<UsageDay>[] = [
  { head: "Account", cell: ({ email }) => <span className="block min-w-0 truncate font-medium md:max-w-80" title={visible(email)}>{visible(email)}</span> },
  { head: "Day", cell: ({ day }) => <time dateTime={day}>{day}</time> },
  { head: "Runs", right: true, cell: ({ runs }) => count(runs) },
  { head: "Tokens", right: true, cell: (used) => <Tokens used={used} /> },
  { head: "Known cost", right: true, cell: (used) => <Cost used={used} /> },
];

/** What each user has used on each day. */
export function UsageByDay(place: ListProps) {
  const [days, setDays] = useState(30);
  const usage = useUsage(days, place.page);
  return (
    <ListFrame
      {...place}
      label="Usage by user and day"
      note="Days in UTC, also of runs that are forgotten. A cost is that of models with a price; where none has one it is unknown."
      action={
        <Select
          aria-label="Days"
          className="min-h-8 w-auto"
          value={days}
          onChange={(event) => {
            setDays(Number(event.target.value));
            place.onPage(1);
          }}
        >
          {SPANS.map((span) => (
            <option key={span} value={span}>
              The last {span} days
            </option>
          ))}
        </Select>
      }
      list={usage}
      failure={null}
      columns={COLUMNS}
      keyOf={({ user_id: user, day }) => `${user} ${day}`}
      none="Nothing was used on these days."
    />
  );
}
