-- Who sold what to whom, for the people at the panel: assets that were asked for, orders and receipts with their sellers, and auth
-- tokens that were given.

-- Services of assets that were asked for here. name, nft, owner, root: as they were when that was last looked up. owner: of the data
-- NFT. root: of the pinned content that is sold, if it is such. asked_at: for a price or a download.
CREATE TABLE assets (
    id            {identity},
    did           TEXT NOT NULL,
    service_id    TEXT NOT NULL,
    chain_id      BIGINT NOT NULL,
    name          TEXT NOT NULL,
    nft           {bytes},
    owner         {bytes},
    root          TEXT,
    asked_at      BIGINT NOT NULL,
    downloads     BIGINT NOT NULL DEFAULT 0,
    bytes         BIGINT NOT NULL DEFAULT 0,
    downloaded_at BIGINT,
    UNIQUE (did, service_id)
);
CREATE INDEX assets_by_owner ON assets (owner, id);

-- seller: who owned the asset's data NFT. proof_tx: of the proof that the datatoken's contract took.
ALTER TABLE receipts ADD COLUMN did TEXT;
ALTER TABLE receipts ADD COLUMN seller {bytes};
ALTER TABLE receipts ADD COLUMN proof_tx {bytes};
{sqlite}UPDATE receipts SET did = json_extract(document, '$.documentId') WHERE json_valid(document);
{postgres}UPDATE receipts SET did = (document::json)->>'documentId';
CREATE INDEX receipts_by_asset ON receipts (did, id);
CREATE INDEX receipts_by_seller ON receipts (seller, id);
CREATE INDEX receipts_unsold ON receipts (did) WHERE seller IS NULL;

-- The same, and in the order in which they became final. amount: decimal digits, in the datatoken's smallest unit. timeout: seconds
-- for which the service's orders are good, 0 for ever; absent in what was recorded before it was kept, as did and amount are.
CREATE TABLE orders_in_turn (
    id              {identity},
    chain_id        BIGINT NOT NULL,
    tx              {bytes} NOT NULL,
    datatoken       {bytes} NOT NULL,
    service_id      TEXT NOT NULL,
    buyer           {bytes} NOT NULL,
    original_tx     {bytes} NOT NULL,
    service_index   BIGINT NOT NULL,
    consumer        {bytes} NOT NULL,
    payer           {bytes} NOT NULL,
    provider        {bytes} NOT NULL,
    ordered_at      BIGINT NOT NULL,
    fee_valid_until BIGINT NOT NULL,
    did             TEXT,
    seller          {bytes},
    amount          TEXT,
    timeout         BIGINT,
    UNIQUE (chain_id, tx, datatoken, service_id, buyer)
);
INSERT INTO orders_in_turn (chain_id, tx, datatoken, service_id, buyer, original_tx, service_index, consumer, payer, provider,
                            ordered_at, fee_valid_until)
    SELECT chain_id, tx, datatoken, service_id, buyer, original_tx, service_index, consumer, payer, provider, ordered_at, fee_valid_until
    FROM orders ORDER BY ordered_at;
DROP TABLE orders;
ALTER TABLE orders_in_turn RENAME TO orders;
CREATE INDEX orders_by_buyer ON orders (buyer, id);
CREATE INDEX orders_by_seller ON orders (seller, id);
CREATE INDEX orders_unsold ON orders (did) WHERE seller IS NULL;

-- Auth tokens that were given and are not over. jti: what names one in revoked_tokens.
CREATE TABLE auth_tokens (
    id         {identity},
    jti        {bytes} NOT NULL,
    address    {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX auth_tokens_by_address ON auth_tokens (address, id);
CREATE INDEX auth_tokens_by_expiry ON auth_tokens (expires_at);
