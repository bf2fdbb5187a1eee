-- Tokens of users for git hosts and for the model's provider, encrypted (src/credentials.rs).

CREATE TABLE credentials (
    id           TEXT    PRIMARY KEY,             -- cred_<uuidv7>
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    run_id       TEXT    REFERENCES runs (id) ON DELETE CASCADE, -- for this run only; NULL: for all of the user's
    kind         TEXT    NOT NULL,                -- git, provider
    host         TEXT    NOT NULL,                -- of git: scheme://host[:port]; else empty
    username     TEXT    NOT NULL,                -- of git; else empty
    key_id       TEXT    NOT NULL,                -- which SECRET_KEY it is encrypted with
    sealed       BLOB    NOT NULL,                -- nonce, ciphertext, tag
    created_ms   INTEGER NOT NULL,
    last_used_ms INTEGER
) STRICT;

CREATE UNIQUE INDEX credentials_of_user ON credentials (user_id, kind, host) WHERE run_id IS NULL;
CREATE UNIQUE INDEX credentials_of_run ON credentials (run_id, kind) WHERE run_id IS NOT NULL;

-- Whether a run's agents need them.
ALTER TABLE runs ADD COLUMN uses_git_credential INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN uses_provider_key INTEGER NOT NULL DEFAULT 0;
