-- What accounts and the server had and did, day by day; accounts that are shut out; links by which a password is set anew.
-- A day is a number of days since the epoch, in UTC.

-- Since when the account is shut out; absent when it is not.
ALTER TABLE accounts ADD COLUMN disabled_at BIGINT;

-- What an account had pinned when it was last looked at on that day. A day without a row is like the one before it.
CREATE TABLE usage_days (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day        BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    pins       BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
){without_rowid};
CREATE INDEX usage_days_by_day ON usage_days (day);

-- The same for the whole server. bytes: of the files that hold the contents.
CREATE TABLE server_days (
    day      BIGINT PRIMARY KEY NOT NULL,
    noted_at BIGINT NOT NULL,
    accounts BIGINT NOT NULL,
    pins     BIGINT NOT NULL,
    contents BIGINT NOT NULL,
    bytes    BIGINT NOT NULL
){without_rowid};

-- What was answered on that day by one surface. sent: bytes of bodies.
CREATE TABLE traffic_days (
    day      BIGINT NOT NULL,
    surface  TEXT NOT NULL,
    requests BIGINT NOT NULL,
    sent     BIGINT NOT NULL,
    PRIMARY KEY (day, surface)
){without_rowid};

-- One for an account at a time. token_hash: SHA-256.
CREATE TABLE password_links (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL
);
