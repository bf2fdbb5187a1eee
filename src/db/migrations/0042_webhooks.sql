-- Whom users want to have told that a run has ended, and what was sent there (src/webhooks.rs).

CREATE TABLE webhooks (
    id              TEXT    PRIMARY KEY,       -- hook_<uuidv7>
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    url             TEXT    NOT NULL,
    description     TEXT,
    key_id          TEXT    NOT NULL,          -- which SECRET_KEY its secret is encrypted with
    sealed          BLOB    NOT NULL,          -- nonce, ciphertext, tag
    created_ms      INTEGER NOT NULL,
    failed_in_row   INTEGER NOT NULL DEFAULT 0, -- deliveries given up since the last that succeeded
    disabled_ms     INTEGER,                   -- nothing is sent there any more
    disabled_reason TEXT
) STRICT;

CREATE INDEX webhooks_by_user ON webhooks (user_id, id);

CREATE TABLE webhook_deliveries (
    id           TEXT    PRIMARY KEY,          -- msg_<uuidv7>, the same for all attempts
    webhook_id   TEXT    NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event        TEXT    NOT NULL,             -- run.completed, ping
    data         TEXT    NOT NULL,             -- JSON
    created_ms   INTEGER NOT NULL,
    due_ms       INTEGER,                      -- when to try next; 0: at once; NULL: it has ended
    attempts     INTEGER NOT NULL DEFAULT 0,
    attempted_ms INTEGER,                      -- the last attempt, as are the next two
    http_status  INTEGER,
    error        TEXT,
    delivered    INTEGER NOT NULL DEFAULT 0    -- it has ended well
) STRICT;

CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_ms) WHERE due_ms IS NOT NULL;
