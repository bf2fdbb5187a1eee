import type { ReactNode } from "react";
import { cn } from "@/lib/utils";

export interface Column<T> {
  head: string;
  /** For figures. */
  right?: boolean;
  /** Its head is not seen: what is below says itself what it is. */
  bare?: boolean;
  cell: (row: T) => ReactNode;
}

interface DataTableProps<T> {
  label: string;
  /** The first one names the row. */
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
}

/** A table; on a phone each row is a card in which every value says which column it is of. */
export function DataTable<T>({ label, columns, rows, keyOf }: DataTableProps<T>) {
  return (
    <div className="overflow-x-auto" role="group" aria-label={`${label}, table`} tabIndex={0}>
      {/* The roles again in words: a browser may forget that it is a table where the rows are drawn as cards. */}
      <table role="table" aria-label={label} className="w-full tabular-nums max-md:block">
        <thead role="rowgroup" className="max-md:sr-only">
          <tr role="row" className="border-b text-left text-caption whitespace-nowrap text-neutral-shadow-ink [&>th]:px-sm [&>th]:py-sm [&>th]:font-medium xl:[&>th]:px-3 [&>th:first-child]:pl-md [&>th:last-child]:pr-md">
            {columns.map(({ head, right = false, bare = false }) => (
              <th key={head} scope="col" role="columnheader" className={right ? "text-right" : undefined}>
                {bare ? <span className="sr-only">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" className="max-md:block">
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              role="row"
              className="border-b last:border-b-0 hover:bg-neutral-white max-md:grid max-md:grid-cols-2 max-md:gap-x-md max-md:gap-y-sm max-md:px-md max-md:py-3 md:[&>*]:h-12 md:[&>*]:px-sm xl:[&>*]:px-3 md:[&>*:first-child]:pl-md md:[&>*:last-child]:pr-md"
            >
              {columns.map((column, index) => (
                <Cell key={column.head} column={column} first={index === 0}>
                  {column.cell(row)}
                </Cell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell<T>({ column: { head, right = false, bare = false }, first, children }: { column: Column<T>; first: boolean; children: ReactNode }) {
  if (first) {
    return (
      <th scope="row" role="rowheader" className="min-w-0 text-left font-normal max-md:col-span-2">
        {children}
      </th>
    );
  }
  return (
    <td role="cell" className={cn("min-w-0 whitespace-nowrap", right && "md:text-right", bare ? "max-md:col-span-2 max-md:justify-self-end md:text-right max-md:empty:hidden" : "max-md:grid max-md:content-start max-md:whitespace-normal")}>
      {!bare && (
        <span aria-hidden className="text-caption text-neutral-shadow-ink md:hidden">
          {head}
        </span>
      )}
      {children}
    </td>
  );
}

/** Stands for what there is none of, or what is not known. */
export const Quiet = ({ children }: { children: ReactNode }) => <span className="text-caption text-neutral-shadow-ink">{children}</span>;
