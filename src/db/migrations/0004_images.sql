-- The image that a variation's container is made from; NULL in rows that are older than the choice.

ALTER TABLE variations ADD COLUMN image TEXT;
