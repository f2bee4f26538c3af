-- Selling access: nonces, revoked auth tokens, orders that are final, receipts of downloads, and wallets of accounts.
-- Addresses are 20 bytes and hashes 32 bytes, never text: there is one way to write each.

-- last: 20 bytes whose order is the order of the numbers.
CREATE TABLE nonces (
    address {bytes} PRIMARY KEY NOT NULL,
    last    {bytes} NOT NULL
){without_rowid};

-- id: the token's jti. A row is of no use once the token has expired.
CREATE TABLE revoked_tokens (
    id         {bytes} PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
){without_rowid};
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

-- What the chain said about an order, found once its block was deep enough that it will say nothing else.
-- tx: the one that buyers name, which is the order's own or that of its reuse. ordered_at, fee_valid_until: seconds.
CREATE TABLE orders (
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
    PRIMARY KEY (chain_id, tx, datatoken, service_id, buyer)
){without_rowid};

-- document: the very text that was signed. Beside it, what receipts are looked up by.
CREATE TABLE receipts (
    id         {identity},
    chain_id   BIGINT NOT NULL,
    order_tx   {bytes} NOT NULL,
    consumer   {bytes} NOT NULL,
    document   TEXT NOT NULL,
    signature  {bytes} NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX receipts_by_order ON receipts (chain_id, order_tx, id);
CREATE INDEX receipts_by_consumer ON receipts (consumer, id);

-- An account's wallets: what their data NFTs sell, the account's private content may be.
CREATE TABLE wallets (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    address    {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, address)
){without_rowid};
CREATE INDEX wallets_by_address ON wallets (address, account_id);
