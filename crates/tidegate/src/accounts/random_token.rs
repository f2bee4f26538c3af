//! Tokens that mean something because they are in the database: nobody guesses them, and only their hashes are kept.

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

use crate::db::TokenHash;

use super::CryptoError;

/// Bytes of a token.
const BYTES: usize = 32;

/// A new token: 43 characters that are good in a URL.
pub(crate) fn new_token() -> Result<SecretString, CryptoError> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// What is kept of a token: it is random, so this needs no salt. Nothing if it cannot be one of ours.
pub(super) fn hash_of(token: &str) -> Option<TokenHash> {
    if token.len() != BYTES.div_ceil(3) * 4 - 1 {
        return None;
    }
    let mut hash = TokenHash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    Some(hash)
}
