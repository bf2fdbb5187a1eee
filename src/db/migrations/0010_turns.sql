-- Who may start now. A turn is given once, and its number grows with each: the order of starts.

ALTER TABLE users ADD COLUMN last_turn INTEGER NOT NULL DEFAULT 0; -- the number of the last one given to this user

ALTER TABLE variations ADD COLUMN turn INTEGER;     -- NULL while it waits; 0 in rows older than turns
ALTER TABLE variations ADD COLUMN position INTEGER; -- in the queue, as it was last told
UPDATE variations SET turn = 0;

CREATE INDEX variations_unsettled ON variations (run_id) WHERE settled_ms IS NULL;

-- What each user has used on each day (UTC, counted from the Unix epoch). Kept when runs are forgotten.
CREATE TABLE usage_days (
    user_id TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day     INTEGER NOT NULL,
    runs    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day)
) STRICT, WITHOUT ROWID;
