-- Links through which anybody may read one run. Times are milliseconds since the Unix epoch.

CREATE TABLE shares (
    id           TEXT PRIMARY KEY,
    run_id       TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    hash         BLOB NOT NULL UNIQUE, -- SHA-256 of the token; the token itself is 256 random bits
    prefix       TEXT NOT NULL,        -- its first characters, for people to recognise it
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE INDEX shares_by_run ON shares (run_id, id);
