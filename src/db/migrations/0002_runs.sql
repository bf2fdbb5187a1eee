-- Runs, their variations, what happened to them, and the kubectl calls made for them.
-- Times are milliseconds since the Unix epoch, UTC.

CREATE TABLE runs (
    id              TEXT    PRIMARY KEY,          -- run-<uuidv7>: sorts by creation
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    repo_url        TEXT    NOT NULL,
    git_ref         TEXT,
    base_sha        TEXT    NOT NULL,
    prompt          TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    created_ms      INTEGER NOT NULL,
    finished_ms     INTEGER,
    selected_index  INTEGER,
    selected_note   TEXT,
    selected_ms     INTEGER,
    idempotency_key TEXT,
    UNIQUE (user_id, idempotency_key)
) STRICT;

CREATE INDEX runs_by_user ON runs (user_id, id DESC);
CREATE INDEX runs_unfinished ON runs (id) WHERE finished_ms IS NULL;

CREATE TABLE variations (
    run_id           TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    idx              INTEGER NOT NULL,
    attempt          INTEGER NOT NULL DEFAULT 0,
    status           TEXT    NOT NULL,
    reason           TEXT,
    message          TEXT,
    hint             TEXT,
    config           TEXT    NOT NULL,            -- config.json as the agent gets it
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    pod              TEXT,
    applied_ms       INTEGER,
    scheduled_ms     INTEGER,
    started_ms       INTEGER,
    first_line_ms    INTEGER,
    ended_ms         INTEGER,
    settled_ms       INTEGER,
    exit_code        INTEGER,
    lines            INTEGER,
    bytes            INTEGER,
    sha256           TEXT,
    complete         INTEGER,
    model            TEXT,
    summary          TEXT,
    usage            TEXT,                        -- JSON, as are checks and patch
    checks           TEXT,
    patch            TEXT,
    job_deleted_ms   INTEGER,                     -- when we deleted the Job after settling
    PRIMARY KEY (run_id, idx)
) STRICT;

-- State events, in the order in which streams tell them. An event of a variation comes after the
-- first log_offset bytes of its log.
CREATE TABLE events (
    run_id     TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    idx        INTEGER,
    log_offset INTEGER NOT NULL DEFAULT 0,
    data       TEXT    NOT NULL,                  -- the JSON object that is sent
    PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    id          TEXT    PRIMARY KEY,              -- UUIDv7: sorts by start
    run_id      TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    at_ms       INTEGER NOT NULL,
    argv        TEXT    NOT NULL,                 -- JSON array
    stdin       TEXT,                             -- secrets redacted
    exit_code   INTEGER,
    duration_ms INTEGER,                          -- NULL while it runs
    stderr      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX commands_by_run ON commands (run_id, id);
