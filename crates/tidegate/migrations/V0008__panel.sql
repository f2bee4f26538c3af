-- People at the panel: who administers the server, who is signed in, and who may register.

ALTER TABLE accounts ADD COLUMN is_admin BIGINT NOT NULL DEFAULT 0;
CREATE INDEX accounts_admins ON accounts (id) WHERE is_admin = 1;

-- token_hash: SHA-256 of what is in the cookie. id: what the owner sees of it. address, agent: whence it was begun.
CREATE TABLE sessions (
    token_hash {bytes} PRIMARY KEY NOT NULL,
    id         TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
){without_rowid};
CREATE INDEX sessions_by_account ON sessions (account_id, used_at);
CREATE INDEX sessions_by_begin ON sessions (created_at);

-- token_hash: SHA-256 of what is in the link. account_id: who has registered with it. made_by: absent for the server itself.
CREATE TABLE account_invites (
    token_hash {bytes} PRIMARY KEY NOT NULL,
    id         TEXT NOT NULL UNIQUE,
    note       TEXT NOT NULL,
    is_admin   BIGINT NOT NULL,
    made_by    BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    account_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE
){without_rowid};
