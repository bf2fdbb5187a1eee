-- What was spent, as the agents tell it while they work. An unknown cost is NULL, never 0.

ALTER TABLE runs ADD COLUMN max_run_cost_usd REAL;          -- of all variations together
ALTER TABLE variations ADD COLUMN spent_tokens INTEGER;
ALTER TABLE variations ADD COLUMN spent_usd REAL;
ALTER TABLE variations ADD COLUMN cancel_reason TEXT;       -- NULL where a person asked for it
ALTER TABLE variations ADD COLUMN cancel_message TEXT;
ALTER TABLE usage_days ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_days ADD COLUMN cost_usd REAL NOT NULL DEFAULT 0; -- of what is known
