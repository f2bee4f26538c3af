-- What an API key may do, for how long and how often; links that take uploads without a key; and whose request is next.

-- scopes: words with blanks between them. uses: counted for keys that have max_uses.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read pin unpin admin';
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
ALTER TABLE api_keys ADD COLUMN max_uses BIGINT;
ALTER TABLE api_keys ADD COLUMN uses BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN name_prefix TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;

-- token_hash: SHA-256 of what is in the link, which is kept nowhere else. max_size: bytes of content.
CREATE TABLE upload_links (
    id         TEXT PRIMARY KEY NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key_id     TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    max_uses   BIGINT NOT NULL,
    uses       BIGINT NOT NULL DEFAULT 0,
    max_size   BIGINT,
    cid        TEXT,
    profile    TEXT,
    name       TEXT,
    visibility TEXT
);
CREATE INDEX upload_links_by_account ON upload_links (account_id, id);
CREATE INDEX upload_links_by_key ON upload_links (key_id);
CREATE INDEX upload_links_by_expiry ON upload_links (expires_at);

-- Accounts with jobs to be done. due_at: from when on it is the account's turn, which is never later than its first job falls
-- due unless it has just had a turn. served: turns it has had at that time.
CREATE TABLE turns (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    due_at     BIGINT NOT NULL,
    served     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX turns_by_order ON turns (due_at, served, account_id);
INSERT INTO turns (account_id, due_at)
    SELECT account_id, min(due_at) FROM jobs WHERE due_at IS NOT NULL GROUP BY account_id;

-- Each partial index is of jobs that are still to be done, which uploads never are.
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (account_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_awaited ON jobs (root) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_held ON jobs (holder) WHERE holder IS NOT NULL;
{sqlite}INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
{sqlite}    ('jobs', 'jobs_due', '1000 100 2 1'), ('jobs', 'jobs_awaited', '1000 2'), ('jobs', 'jobs_held', '10 1');
{sqlite}ANALYZE sqlite_schema;
