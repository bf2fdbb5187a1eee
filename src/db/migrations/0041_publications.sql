-- What a Job that pushes a run's result says it has pushed (JSON). Its attempts are rows of variations
-- with idx 254; what is to be pushed is in their config.

ALTER TABLE variations ADD COLUMN published TEXT;
