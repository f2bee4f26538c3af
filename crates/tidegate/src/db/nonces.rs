//! The last nonce of each address.

use tidegate_ocean::{Address, Nonce};

use super::statements::statements;
use super::{DbError, Session};

statements! {
    FIND = "SELECT last FROM nonces WHERE address = $1";
    // One statement, so that of two requests with the same nonce one changes the row and the other changes nothing.
    RAISE = "INSERT INTO nonces (address, last) VALUES ($1, $2)
             ON CONFLICT (address) DO UPDATE SET last = excluded.last WHERE excluded.last > nonces.last";
    RAISE_BELOW = "INSERT INTO nonces (address, last) VALUES ($1, $2)
                   ON CONFLICT (address) DO UPDATE SET last = excluded.last
                   WHERE excluded.last > nonces.last AND nonces.last < $3";
}

/// The last nonce of this address.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn last_nonce(s: &mut Session<'_>, address: Address) -> Result<Option<Nonce>, DbError> {
    s.query_opt(FIND, &[address.into()]).await?.map(|row| row.get(0)).transpose()
}

/// Makes `nonce` the last one of this address; false when it is not greater than the one that is.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn raise_nonce(s: &mut Session<'_>, address: Address, nonce: Nonce) -> Result<bool, DbError> {
    Ok(s.execute(RAISE, &[address.into(), nonce.into()]).await? == 1)
}

/// [`raise_nonce`], where the last one must also be less than `below`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn raise_nonce_below(
    s: &mut Session<'_>,
    address: Address,
    nonce: Nonce,
    below: Nonce,
) -> Result<bool, DbError> {
    Ok(s.execute(RAISE_BELOW, &[address.into(), nonce.into(), below.into()]).await? == 1)
}
