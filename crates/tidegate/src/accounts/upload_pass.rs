//! What somebody who has signed in needs for uploading from a page: the rights of one of their API keys, and the key that signs.

use secrecy::SecretString;

use crate::db::keys::{self, ApiKey, VerificationKey};
use crate::db::scopes::Scope;
use crate::db::{AccountId, DbError};

use super::{AccessToken, Accounts, Caller, CryptoError, verification};

/// Lets a page upload in an account's name for a while.
#[derive(Debug)]
pub struct UploadPass {
    /// As good as the account's oldest API key that may pin anything; it ends with that key.
    pub token: AccessToken,
    /// PKCS#8 DER as one line of base64; nothing when all keys of the account that count are its owner's own.
    pub private_key: Option<SecretString>,
}

/// Why a page cannot upload in an account's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadPassError {
    /// Names and uses of a key are bounded for some program's sake, so those that are do not count.
    #[error(
        "no API key of yours may pin everything: make one with the scope \"pin\", for all names and any number of uses"
    )]
    NoKey,
    /// The sealed private key does not open.
    #[error("the stored private key does not open: the server key is not the one it was stored with")]
    WrongServerKey,
    /// The cryptography library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Accounts {
    /// What a page of this account needs for uploading now.
    ///
    /// # Errors
    ///
    /// [`UploadPassError`].
    pub async fn upload_pass(&self, account: AccountId) -> Result<UploadPass, UploadPassError> {
        let now = self.clock.now();
        let (api_keys, verification_keys) = self
            .db
            .read(move |s| {
                Box::pin(async move {
                    let api_keys = keys::list_api_keys(s, account).await?;
                    Ok((api_keys, keys::verification_keys(s, account, now).await?))
                })
            })
            .await?;
        let serves = |key: &ApiKey| {
            key.revoked_at.is_none()
                && key.terms.expires_at.is_none_or(|end| now < end)
                && key.terms.scopes.iter().any(|scope| scope == Scope::Pin)
                && key.terms.max_uses.is_none()
                && key.terms.name_prefix.is_none()
        };
        // They come oldest first, and of many that are least the first one counts.
        let key = api_keys.into_iter().filter(serves).min_by_key(|key| key.replaced_by.is_some());
        let key = key.ok_or(UploadPassError::NoKey)?;
        // The key counts as used when the token is.
        let prefix = self.tokens.prefix(&key)?;
        let caller = Caller { account, key: key.id, prefix, terms: key.terms, uses: key.uses };
        Ok(UploadPass {
            token: self.issue_access_token(&caller)?,
            private_key: self.private_key(account, &verification_keys)?,
        })
    }

    /// The private half of the newest of these keys that was made here.
    fn private_key(
        &self,
        account: AccountId,
        keys: &[VerificationKey],
    ) -> Result<Option<SecretString>, UploadPassError> {
        let Some(sealed) = keys.iter().find_map(|key| key.sealed_private_key.as_ref()) else {
            return Ok(None);
        };
        let der = self.sealing.open(account, sealed).ok_or(UploadPassError::WrongServerKey)?;
        Ok(Some(verification::private_line(&der)))
    }
}
