-- One Cloud, many Endpoints: who they are, whose requests they hold, what they are to do, and what they have to tell.

-- secret_hash: SHA-256. batch: the number of the last message that was taken in. Ids are never given to another.
CREATE TABLE endpoints (
    id            {identity},
    name          TEXT NOT NULL,
    url           TEXT NOT NULL,
    version       TEXT NOT NULL,
    secret_hash   {bytes} NOT NULL UNIQUE,
    free_bytes    BIGINT NOT NULL,
    batch         BIGINT NOT NULL DEFAULT 0,
    registered_at BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    removed_at    BIGINT
);

-- token_hash: SHA-256. endpoint_id: who has used it.
CREATE TABLE endpoint_invites (
    token_hash  {bytes} PRIMARY KEY NOT NULL,
    name        TEXT NOT NULL,
    expires_at  BIGINT NOT NULL,
    endpoint_id BIGINT REFERENCES endpoints (id)
){without_rowid};

-- On the Cloud: who works on a request, or holds what came of it; absent for this server itself, or nobody yet.
ALTER TABLE jobs ADD COLUMN endpoint_id BIGINT REFERENCES endpoints (id);
CREATE INDEX jobs_elsewhere ON jobs (endpoint_id, id) WHERE endpoint_id IS NOT NULL AND pin_id IS NULL;

-- On the Cloud: what an Endpoint has to do and has not yet said is done. kind: pin or remove.
CREATE TABLE errands (
    id          {identity},
    endpoint_id BIGINT NOT NULL REFERENCES endpoints (id),
    account_id  BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    job_id      TEXT NOT NULL,
    kind        TEXT NOT NULL
);
CREATE UNIQUE INDEX errands_once ON errands (endpoint_id, job_id, kind);
CREATE INDEX errands_in_order ON errands (endpoint_id, id);

-- On an Endpoint: what the Cloud has not yet confirmed to know. A job that has changed or is gone, or an errand that is done.
CREATE TABLE outbox (
    id         {identity},
    account_id BIGINT,
    job_id     TEXT,
    errand     BIGINT
);
