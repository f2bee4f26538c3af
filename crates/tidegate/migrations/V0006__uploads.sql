-- Uploads that go on after a break: their bytes are in a file of the node that took them.
-- length: absent until the client knows it. metadata: as the client sent it. wish: JSON, what is to become of the upload.
-- state: open, pinned or failed. outcome: JSON, what became of it.
CREATE TABLE uploads (
    id         TEXT PRIMARY KEY NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key_id     TEXT NOT NULL,
    node       TEXT NOT NULL,
    length     BIGINT,
    metadata   TEXT NOT NULL,
    wish       TEXT NOT NULL,
    state      TEXT NOT NULL,
    outcome    TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX uploads_by_account ON uploads (account_id, state);
CREATE INDEX uploads_by_node ON uploads (node, expires_at);
