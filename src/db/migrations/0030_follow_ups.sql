-- Where a run starts from the result of an earlier one: that variation, in that attempt. Not a foreign
-- key: the earlier run may be forgotten first.

ALTER TABLE runs ADD COLUMN base_run_id TEXT;
ALTER TABLE runs ADD COLUMN base_index INTEGER;
ALTER TABLE runs ADD COLUMN base_attempt INTEGER;

CREATE INDEX runs_by_base ON runs (base_run_id) WHERE base_run_id IS NOT NULL;
