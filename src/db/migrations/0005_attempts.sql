-- A variation that is tried again keeps its earlier attempts: the attempt becomes part of the key.

CREATE TABLE attempts (
    run_id           TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    idx              INTEGER NOT NULL,
    attempt          INTEGER NOT NULL DEFAULT 0,
    status           TEXT    NOT NULL,
    reason           TEXT,
    message          TEXT,
    hint             TEXT,
    image            TEXT,
    config           TEXT    NOT NULL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    pod              TEXT,
    applied_ms       INTEGER,
    scheduled_ms     INTEGER,
    pulled_ms        INTEGER,
    started_ms       INTEGER,
    first_line_ms    INTEGER,
    first_sent_ms    INTEGER,
    ended_ms         INTEGER,
    settled_ms       INTEGER,
    exit_code        INTEGER,
    lines            INTEGER,
    bytes            INTEGER,
    sha256           TEXT,
    complete         INTEGER,
    model            TEXT,
    summary          TEXT,
    usage            TEXT,
    checks           TEXT,
    patch            TEXT,
    job_deleted_ms   INTEGER,
    PRIMARY KEY (run_id, idx, attempt)
) STRICT;

INSERT INTO attempts
SELECT run_id, idx, attempt, status, reason, message, hint, image, config, cancel_requested, pod,
       applied_ms, scheduled_ms, pulled_ms, started_ms, first_line_ms, first_sent_ms, ended_ms, settled_ms,
       exit_code, lines, bytes, sha256, complete, model, summary, usage, checks, patch, job_deleted_ms
FROM variations;

DROP TABLE variations;
ALTER TABLE attempts RENAME TO variations;

-- The attempt that counts.
CREATE VIEW current_variations AS
SELECT * FROM variations AS it WHERE NOT EXISTS (
    SELECT 1 FROM variations AS later
    WHERE later.run_id = it.run_id AND later.idx = it.idx AND later.attempt > it.attempt
);
