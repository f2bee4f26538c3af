-- Who is told of what becomes of requests, and what was sent to them.

-- How many webhooks the account has: nobody looks further for accounts with none.
ALTER TABLE accounts ADD COLUMN webhooks BIGINT NOT NULL DEFAULT 0;

-- url: absent in the one row an account may have for callbacks, addresses that were given for a single request.
-- events: their names with blanks between them. secret, old_secret: sealed; the old one signs too until its time is over.
-- due_at: when something is to be sent next; while holder sends, the end of the holder's time. Absent when nothing is to be sent.
CREATE TABLE webhooks (
    id               TEXT PRIMARY KEY NOT NULL,
    account_id       BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    url              TEXT,
    events           TEXT NOT NULL,
    active           BIGINT NOT NULL,
    secret           {bytes} NOT NULL,
    old_secret       {bytes},
    old_secret_until BIGINT,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    due_at           BIGINT,
    holder           TEXT
);
CREATE INDEX webhooks_by_account ON webhooks (account_id, created_at, id);
CREATE UNIQUE INDEX webhooks_for_callbacks ON webhooks (account_id) WHERE url IS NULL;
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_held ON webhooks (account_id) WHERE holder IS NOT NULL;

-- One row per message, whatever becomes of it. url: where it goes, if not where its webhook says.
-- status: pending, delivered or failed. due_at: the next try; absent when there is none.
CREATE TABLE deliveries (
    id          TEXT PRIMARY KEY NOT NULL,
    webhook_id  TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event       TEXT NOT NULL,
    url         TEXT,
    payload     TEXT NOT NULL,
    status      TEXT NOT NULL,
    tries       BIGINT NOT NULL DEFAULT 0,
    status_code BIGINT,
    reason      TEXT,
    created_at  BIGINT NOT NULL,
    tried_at    BIGINT,
    due_at      BIGINT
);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_by_date ON deliveries (created_at);
