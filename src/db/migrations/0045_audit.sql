-- Security events: who did what to whom, from where. No foreign keys: an entry outlives what it speaks of.
-- Times are milliseconds since the Unix epoch.

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms      INTEGER NOT NULL,
    event      TEXT NOT NULL,
    actor      TEXT,    -- the account that did it; NULL: nobody who had shown to be one
    credential TEXT,    -- the session or API key that it came with
    account    TEXT,    -- the account that it was done to
    subject    TEXT,    -- the id of the thing that it was done to
    detail     TEXT NOT NULL, -- a JSON object of texts; never a secret
    address    TEXT,
    request    TEXT,    -- the request's id
    -- Attempts that came to nothing are counted by the hour: a flood of them must not fill the disk.
    hour       INTEGER, -- NULL: not counted
    times      INTEGER NOT NULL DEFAULT 1,
    last_ms    INTEGER NOT NULL -- of the last one that was counted
) STRICT;

CREATE INDEX audit_by_age ON audit (last_ms);
CREATE UNIQUE INDEX audit_counted ON audit (hour, event, COALESCE(address, ''), COALESCE(account, ''))
    WHERE hour IS NOT NULL;
