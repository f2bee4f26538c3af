-- Requests and their fate, counts that lists need at once, and content that nobody wants any more.
-- Lines that begin with an engine's name are for that engine alone.

-- The time of the account's latest request: each gets a later one, and changing it is how writers wait for each other.
ALTER TABLE accounts ADD COLUMN last_request_at BIGINT NOT NULL DEFAULT 0;

-- Requests of the Pinning Service API stand for themselves, so the same account, root and source may be there twice.
{postgres}ALTER TABLE pins DROP CONSTRAINT pins_account_id_root_source_key;
{sqlite}ALTER TABLE pins RENAME TO old_pins;
{sqlite}CREATE TABLE pins (id {identity}, account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, root TEXT NOT NULL,
{sqlite}    cid TEXT NOT NULL, name TEXT, meta TEXT NOT NULL, visibility TEXT NOT NULL, source TEXT NOT NULL, size BIGINT NOT NULL,
{sqlite}    created_at BIGINT NOT NULL, pinned_at BIGINT NOT NULL, repeats BIGINT NOT NULL DEFAULT 0);
{sqlite}INSERT INTO pins SELECT * FROM old_pins;
{sqlite}DROP TABLE old_pins;
{sqlite}CREATE INDEX pins_by_date ON pins (account_id, pinned_at, id);
{sqlite}CREATE INDEX pins_by_root ON pins (root, visibility);
CREATE UNIQUE INDEX pins_once ON pins (account_id, root, source) WHERE source <> 'psa';
CREATE INDEX pins_by_account_and_root ON pins (account_id, root);

-- One row per request that ends, or ended, in a pin. created_at is unique within an account.
-- root and cid: absent until known. name_key: the beginning of the name in small letters (src/db/jobs/search.rs).
-- meta: a JSON object of text. origins: a JSON array. task: JSON, what the work needs to know beside the rest.
-- due_at: from when on somebody may take it up, which is the next try or the end of the holder's time; absent when all is done.
CREATE TABLE jobs (
    id          TEXT PRIMARY KEY NOT NULL,
    account_id  BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at  BIGINT NOT NULL,
    source      TEXT NOT NULL,
    status      TEXT NOT NULL,
    root        TEXT,
    cid         TEXT,
    name        TEXT,
    name_key    TEXT,
    meta        TEXT NOT NULL,
    origins     TEXT NOT NULL,
    visibility  TEXT NOT NULL,
    task        TEXT NOT NULL,
    pin_id      BIGINT REFERENCES pins (id),
    reason      TEXT,
    bytes_done  BIGINT NOT NULL DEFAULT 0,
    bytes_total BIGINT,
    blocks_done BIGINT NOT NULL DEFAULT 0,
    tries       BIGINT NOT NULL DEFAULT 0,
    due_at      BIGINT,
    holder      TEXT,
    updated_at  BIGINT NOT NULL
);

-- Each time is moved on just so far that no two of an account are the same.
INSERT INTO jobs (id, account_id, created_at, source, status, root, cid, name, name_key, meta, origins, visibility, task, pin_id, updated_at)
    SELECT 'pin-' || id, account_id, place + max(pinned_at - place) OVER (PARTITION BY account_id ORDER BY place),
           source, 'pinned', root, cid, name, lower(substr(name, 1, 100){ascii}), meta, '[]', visibility, '{}', id, pinned_at
    FROM (SELECT pins.*, row_number() OVER (PARTITION BY account_id ORDER BY pinned_at, id) AS place FROM pins) AS placed;
UPDATE accounts SET last_request_at =
    COALESCE((SELECT max(created_at) FROM jobs WHERE jobs.account_id = accounts.id), 0);

CREATE UNIQUE INDEX jobs_by_date ON jobs (account_id, created_at);
CREATE INDEX jobs_by_status ON jobs (account_id, status, created_at);
CREATE INDEX jobs_by_root ON jobs (account_id, root, created_at);
CREATE INDEX jobs_by_name ON jobs (account_id, name_key, created_at) WHERE name_key IS NOT NULL;
CREATE INDEX jobs_by_pin ON jobs (pin_id) WHERE pin_id IS NOT NULL;
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;

-- The metadata of requests by key and value: label is the beginning of a hash of both.
CREATE TABLE job_labels (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    label      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, label, created_at)
){without_rowid};

-- How many pins (by pinned_at) and how many jobs of a status (by created_at) an account has: altogether (span 0), and in each
-- day and minute, whose lengths in milliseconds are the other spans.
CREATE TABLE tallies (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    what       TEXT NOT NULL,
    span       BIGINT NOT NULL,
    start      BIGINT NOT NULL,
    amount     BIGINT NOT NULL,
    PRIMARY KEY (account_id, what, span, start)
){without_rowid};
INSERT INTO tallies SELECT account_id, 'pins', 0, 0, count(*) FROM pins GROUP BY account_id;
INSERT INTO tallies SELECT account_id, 'pins', 60000, pinned_at - pinned_at % 60000, count(*)
    FROM pins GROUP BY account_id, pinned_at - pinned_at % 60000;
INSERT INTO tallies SELECT account_id, 'pins', 86400000, pinned_at - pinned_at % 86400000, count(*)
    FROM pins GROUP BY account_id, pinned_at - pinned_at % 86400000;
INSERT INTO tallies SELECT account_id, status, 0, 0, count(*) FROM jobs GROUP BY account_id, status;
INSERT INTO tallies SELECT account_id, status, 60000, created_at - created_at % 60000, count(*)
    FROM jobs GROUP BY account_id, status, created_at - created_at % 60000;
INSERT INTO tallies SELECT account_id, status, 86400000, created_at - created_at % 86400000, count(*)
    FROM jobs GROUP BY account_id, status, created_at - created_at % 86400000;

-- Roots of which a pin was removed: where none is left, the content goes.
CREATE TABLE unpinned (
    root  TEXT PRIMARY KEY NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX unpinned_by_date ON unpinned (since);

-- SQLite has no idea which index of jobs tells more apart, and takes the one by date: then a page of one CID reads all jobs of the
-- account. This is what it would find in a large database. (Analysing sqlite_schema makes and reads the table of such facts.)
{sqlite}ANALYZE sqlite_schema;
{sqlite}INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
{sqlite}    ('jobs', 'sqlite_autoindex_jobs_1', '1000000 1'), ('jobs', 'jobs_by_date', '1000000 10000 1'),
{sqlite}    ('jobs', 'jobs_by_status', '1000000 10000 2500 1'), ('jobs', 'jobs_by_root', '1000000 10000 2 1'),
{sqlite}    ('jobs', 'jobs_by_name', '1000000 10000 2 1'), ('jobs', 'jobs_by_pin', '1000000 1'), ('jobs', 'jobs_due', '1000 1');
{sqlite}ANALYZE sqlite_schema;
