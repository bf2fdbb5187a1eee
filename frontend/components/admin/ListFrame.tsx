import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Alert } from "../ui/alert";
import { Pager } from "../ui/pager";
import { Skeleton } from "../ui/skeleton";
import { DataTable, type Column } from "../ui/table";

export interface ListProps {
  page: number;
  onPage: (page: number) => void;
}

interface ListFrameProps<T> extends ListProps {
  label: string;
  /** What is to be known of the list. */
  note: ReactNode;
  /** Opposite of the note. */
  action?: ReactNode;
  /** Between the note and the list. */
  children?: ReactNode;
  list: UseQueryResult<{ items: T[]; pages: number }>;
  /** What went wrong with what was done to a row. */
  failure: Error | null;
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  /** Said where there is nothing. */
  none: string;
}

/** A list of the server's with its pages: waiting, refused, empty, or there. */
export function ListFrame<T>({ label, note, action, children, list, failure, columns, keyOf, none, page, onPage }: ListFrameProps<T>) {
  const problem = failure ?? list.error;
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-x-md gap-y-sm border-b px-md py-sm">
        <p className="max-w-[46rem] text-caption text-neutral-shadow-ink">{note}</p>
        {action}
      </div>
      {children}
      {problem !== null && (
        <Alert tone="error" className="m-md">
          {problem.message}
        </Alert>
      )}
      {list.isPending && <Skeleton className="m-md h-64" />}
      {list.data?.items.length === 0 && <p className="p-xl text-center text-neutral-shadow-ink">{none}</p>}
      {list.data !== undefined && list.data.items.length > 0 && <DataTable label={label} columns={columns} rows={list.data.items} keyOf={keyOf} />}
      {list.data !== undefined && list.data.pages > 1 && (
        <div className="border-t p-md">
          <Pager page={page} pages={list.data.pages} onPage={onPage} />
        </div>
      )}
    </>
  );
}
