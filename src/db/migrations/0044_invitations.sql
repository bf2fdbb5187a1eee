-- Invitations to make an account. Each is good once. Times are milliseconds since the Unix epoch.

CREATE TABLE invitations (
    id         TEXT PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE, -- SHA-256 of the token; the token itself is 256 random bits
    prefix     TEXT NOT NULL,        -- its first characters, for people to recognise it
    email      TEXT,                 -- lower case: for this address only
    role       TEXT NOT NULL,        -- of the account that is made with it
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Claimed before the account is there, in the same transaction.
    used_by    TEXT REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    used_at    INTEGER,
    revoked_at INTEGER
) STRICT;
