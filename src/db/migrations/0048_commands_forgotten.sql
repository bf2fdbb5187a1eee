-- How many of a run's kubectl calls, from the middle of its journal, are not kept any more.
ALTER TABLE runs ADD COLUMN commands_forgotten INTEGER NOT NULL DEFAULT 0;
