//! On the Cloud: what its Endpoints are told of an access token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cloud::wire::{Verdict, Vouched};
use crate::db::{accounts, keys};

use super::{Accounts, AuthError};

impl Accounts {
    /// Says whether an access token is good, and if so, all that an Endpoint needs to know of its holder. Accounts without a quota of
    /// their own have the default.
    ///
    /// # Errors
    ///
    /// The database or the cryptography library fails.
    pub async fn vouch(&self, token: &str, default_quota: u64) -> Result<Verdict, AuthError> {
        let (caller, expires_at) = match self.authenticate_access_token(token).await {
            Ok(known) => known,
            Err(error @ (AuthError::Db(_) | AuthError::Crypto(_))) => return Err(error),
            Err(_) => return Ok(Verdict::Bad),
        };
        if caller.terms.max_uses.is_some() {
            return Ok(Verdict::Counted);
        }
        // No token outlives its key.
        let expires_at = caller.terms.expires_at.map_or(expires_at, |end| end.min(expires_at));
        let (id, now) = (caller.account, self.clock.now());
        let (account, verification_keys) = self
            .db
            .read(move |s| {
                Box::pin(async move {
                    Ok((accounts::find_account(s, id).await?, keys::verification_keys(s, id, now).await?))
                })
            })
            .await?;
        let Some(account) = account else {
            return Ok(Verdict::Bad);
        };
        Ok(Verdict::Good(Vouched {
            account: id.0,
            key: caller.key,
            key_prefix: caller.prefix,
            scopes: caller.terms.scopes.to_string(),
            name_prefix: caller.terms.name_prefix,
            expires_at: expires_at.as_millis(),
            public_keys: verification_keys.iter().map(|key| STANDARD.encode(&key.public_key)).collect(),
            quota_left: account.quota_left(default_quota),
        }))
    }
}
