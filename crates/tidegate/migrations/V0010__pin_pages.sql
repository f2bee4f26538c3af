-- Going through one's pins by name and by size.

-- name_key: the beginning of the name, or of the CID where there is none, in small letters (src/db/pins/pages.rs).
ALTER TABLE pins ADD COLUMN name_key TEXT{ascii} NOT NULL DEFAULT '';
UPDATE pins SET name_key = lower(substr(COALESCE(name, cid), 1, 100){ascii});
CREATE INDEX pins_by_name ON pins (account_id, name_key, id);
CREATE INDEX pins_by_size ON pins (account_id, size, id);
