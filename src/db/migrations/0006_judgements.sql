-- What a run's judge was given and what it says. Its attempts are rows of variations with idx 255.

CREATE TABLE judgements (
    run_id     TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    attempt    INTEGER NOT NULL,
    candidates TEXT    NOT NULL,   -- JSON: [[index, attempt], …]
    judgement  TEXT,               -- JSON; NULL until the judge has ended, and where it said nothing
    PRIMARY KEY (run_id, attempt)
) STRICT;
