-- Since when an attempt waits for its turn: when the queue first saw it. NULL in rows older than this,
-- and in those that it has not seen.

ALTER TABLE variations ADD COLUMN queued_ms INTEGER;
