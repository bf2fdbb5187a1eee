-- SHA-256 of the request that made a run, so that its idempotency key makes no other; NULL in older rows.

ALTER TABLE runs ADD COLUMN request_hash TEXT;
