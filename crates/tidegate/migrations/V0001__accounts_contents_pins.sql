-- One text for both engines. In braces: what they spell differently (src/db/migrate.rs fills it in).
-- A released file is never edited, not even its comments: its checksum is kept in every database.
-- Times are milliseconds since the epoch, truth values are 0 or 1.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE accounts (
    id            {identity},
    email         TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    quota_bytes   BIGINT,
    used_bytes    BIGINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL
);

CREATE TABLE verification_keys (
    id                 {identity},
    account_id         BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    public_key         {bytes} NOT NULL,
    sealed_private_key {bytes},
    created_at         BIGINT NOT NULL,
    expires_at         BIGINT
);
CREATE INDEX verification_keys_by_account ON verification_keys (account_id, id);

CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at, id);
CREATE UNIQUE INDEX api_keys_by_live_name ON api_keys (account_id, name) WHERE revoked_at IS NULL;

CREATE TABLE contents (
    id          {identity},
    root        TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    size        BIGINT NOT NULL,
    car_bytes   BIGINT NOT NULL,
    block_count BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- prefix: the first eight bytes of a block's digest, big-endian. The archive's own index confirms a hit.
CREATE TABLE blocks (
    prefix     BIGINT NOT NULL,
    content_id BIGINT NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    PRIMARY KEY (prefix, content_id)
){without_rowid};
CREATE INDEX blocks_by_content ON blocks (content_id);

-- Archives about to be renamed into place: what a crash may leave behind without a row in contents.
CREATE TABLE incoming (
    root       TEXT PRIMARY KEY NOT NULL,
    node       TEXT NOT NULL,
    started_at BIGINT NOT NULL
);

-- root is no foreign key: contents can be emptied and rebuilt from the archives while pins stay.
CREATE TABLE pins (
    id         {identity},
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    root       TEXT NOT NULL,
    cid        TEXT NOT NULL,
    name       TEXT,
    meta       TEXT NOT NULL,
    visibility TEXT NOT NULL,
    source     TEXT NOT NULL,
    size       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    pinned_at  BIGINT NOT NULL,
    repeats    BIGINT NOT NULL DEFAULT 0,
    UNIQUE (account_id, root, source)
);
CREATE INDEX pins_by_date ON pins (account_id, pinned_at, id);
CREATE INDEX pins_by_root ON pins (root, visibility);
