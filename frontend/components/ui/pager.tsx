import { Button } from "./button";

interface PagerProps {
  page: number;
  pages: number;
  onPage: (page: number) => void;
}

/** The way through a list that has the newest first; nothing where one page holds all. */
export function Pager({ page, pages, onPage }: PagerProps) {
  if (pages <= 1) return null;
  return (
    <nav aria-label="Pages" className="flex items-center justify-between gap-md">
      <Button disabled={page <= 1} onClick={() => onPage(page - 1)}>
        Newer
      </Button>
      <span className="text-caption text-neutral-shadow-ink">
        Page {page} of {pages}
      </span>
      <Button disabled={page >= pages} onClick={() => onPage(page + 1)}>
        Older
      </Button>
    </nav>
  );
}
