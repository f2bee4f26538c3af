-- Keys whose place another has taken while they are still good, and what is asked for beside the password.

-- replaced_by: the id of the key that has its name now.
ALTER TABLE api_keys ADD COLUMN replaced_by TEXT;
DROP INDEX api_keys_by_live_name;
CREATE UNIQUE INDEX api_keys_by_live_name ON api_keys (account_id, name) WHERE revoked_at IS NULL AND replaced_by IS NULL;
-- Whoever replaces keys often leaves many behind; those that work are found without them.
CREATE INDEX api_keys_working ON api_keys (account_id, created_at, id) WHERE revoked_at IS NULL;

-- confirmed_at: absent until its owner has shown a code of it. last_step: the last 30 seconds whose code was taken.
-- misses: how often something wrong was entered since misses_since.
CREATE TABLE second_factors (
    account_id    BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sealed_secret {bytes} NOT NULL,
    created_at    BIGINT NOT NULL,
    confirmed_at  BIGINT,
    last_step     BIGINT NOT NULL DEFAULT 0,
    misses        BIGINT NOT NULL DEFAULT 0,
    misses_since  BIGINT NOT NULL DEFAULT 0
);

-- code_hash: SHA-256 of a code that has not been used.
CREATE TABLE recovery_codes (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code_hash  {bytes} NOT NULL,
    PRIMARY KEY (account_id, code_hash)
){without_rowid};

-- Who has shown the password and still has to show a code. token_hash: SHA-256 of what is in the cookie.
CREATE TABLE half_logins (
    token_hash {bytes} PRIMARY KEY NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
){without_rowid};
CREATE INDEX half_logins_by_account ON half_logins (account_id);
CREATE INDEX half_logins_by_expiry ON half_logins (expires_at);
