//! The Ethereum addresses of accounts, and which private content they may sell.

use tidegate_ocean::Address;

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Session};

statements! {
    INSERT = "INSERT INTO wallets (account_id, address, created_at) VALUES ($1, $2, $3)
              ON CONFLICT (account_id, address) DO NOTHING";
    COUNT = "SELECT count(*) FROM wallets WHERE account_id = $1";
    LIST = "SELECT address, created_at FROM wallets WHERE account_id = $1 ORDER BY created_at, address LIMIT $2";
    REMOVE = "DELETE FROM wallets WHERE account_id = $1 AND address = $2";
    MAY_SELL = "SELECT 1 FROM wallets JOIN pins ON pins.account_id = wallets.account_id
                WHERE wallets.address = $1 AND pins.root = $2 LIMIT 1";
    ROOTS_WITH_BLOCK = "SELECT contents.root FROM blocks JOIN contents ON contents.id = blocks.content_id
        WHERE blocks.prefix = $1 AND EXISTS
            (SELECT 1 FROM wallets JOIN pins ON pins.account_id = wallets.account_id
             WHERE wallets.address = $2 AND pins.root = contents.root)
        ORDER BY contents.id LIMIT $3";
}

/// Wallets that are listed for one account: more than it may have.
const MAX_LISTED: i64 = 1000;

/// Archives that are tried for one inner block.
const MAX_HOLDERS: i64 = 32;

/// Adds a wallet; false when the account has it.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_wallet(
    s: &mut Session<'_>,
    account: AccountId,
    address: Address,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(s.execute(INSERT, &[account.into(), address.into(), now.into()]).await? == 1)
}

/// How many wallets the account has.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_wallets(s: &mut Session<'_>, account: AccountId) -> Result<u64, DbError> {
    s.query_one(COUNT, &[account.into()]).await?.get(0)
}

/// The account's wallets and when each was added, oldest first; at most 1000.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_wallets(
    s: &mut Session<'_>,
    account: AccountId,
) -> Result<Vec<(Address, Timestamp)>, DbError> {
    let rows = s.query(LIST, &[account.into(), MAX_LISTED.into()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Takes a wallet from the account; false when it does not have it.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn remove_wallet(
    s: &mut Session<'_>,
    account: AccountId,
    address: Address,
) -> Result<bool, DbError> {
    Ok(s.execute(REMOVE, &[account.into(), address.into()]).await? == 1)
}

/// Has an account with this wallet pinned this root, publicly or privately?
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn may_sell(s: &mut Session<'_>, wallet: Address, root: &str) -> Result<bool, DbError> {
    Ok(s.query_opt(MAY_SELL, &[wallet.into(), root.into()]).await?.is_some())
}

/// Roots of archives that hold a block with this prefix and that [`may_sell`] is true of; oldest first, at most 32.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn sellable_roots_with_block(
    s: &mut Session<'_>,
    wallet: Address,
    prefix: i64,
) -> Result<Vec<String>, DbError> {
    let rows = s.query(ROOTS_WITH_BLOCK, &[prefix.into(), wallet.into(), MAX_HOLDERS.into()]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}
