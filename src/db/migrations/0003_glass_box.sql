-- Two more steps of a variation, and the kubectl calls that are made for all runs at once.

ALTER TABLE variations ADD COLUMN pulled_ms INTEGER;
ALTER TABLE variations ADD COLUMN first_sent_ms INTEGER;

CREATE TABLE server_commands (
    id          TEXT    PRIMARY KEY,              -- as in commands, with run_id left out
    at_ms       INTEGER NOT NULL,
    argv        TEXT    NOT NULL,
    exit_code   INTEGER,
    duration_ms INTEGER,
    stderr      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX server_commands_by_time ON server_commands (at_ms);
