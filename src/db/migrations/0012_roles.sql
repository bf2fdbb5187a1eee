-- Who may look after the others, and who may not come in any more. The oldest account is an admin.
-- Times are milliseconds since the Unix epoch.

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'user'; -- or 'admin'
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
ALTER TABLE users ADD COLUMN last_login_at INTEGER;
UPDATE users SET role = 'admin' WHERE id = (SELECT id FROM users ORDER BY created_at, id LIMIT 1);

-- Whether any cost of that day is known: a cost of 0 and none are two things.
ALTER TABLE usage_days ADD COLUMN cost_known INTEGER NOT NULL DEFAULT 0;
UPDATE usage_days SET cost_known = 1 WHERE cost_usd > 0;
