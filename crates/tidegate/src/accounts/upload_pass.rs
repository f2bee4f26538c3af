//! What somebody who has signed in needs for uploading from a page: the rights of one of their API keys, and the key that signs.

use secrecy::SecretString;

use crate::db::AccountId;
use crate::db::keys::{self, ApiKey};
use crate::db::scopes::Scope;

use super::{AccessToken, AccountError, Accounts, Caller};

/// Lets a page upload in an account's name for a while.
#[derive(Debug)]
pub struct UploadPass {
    /// As good as the account's oldest API key that may pin anything; it ends with that key.
    pub token: AccessToken,
    /// PKCS#8 DER as one line of base64; nothing when all keys of the account that count are its owner's own.
    pub private_key: Option<SecretString>,
}

impl Accounts {
    /// What a page of this account needs for uploading now.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoUploadKey`], [`AccountError::WrongServerKey`], or a failure.
    pub async fn upload_pass(&self, account: AccountId) -> Result<UploadPass, AccountError> {
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
        // Names and uses of a key are bounded for some program's sake.
        let serves = |key: &ApiKey| {
            key.revoked_at.is_none()
                && key.terms.expires_at.is_none_or(|end| now < end)
                && key.terms.scopes.iter().any(|scope| scope == Scope::Pin)
                && key.terms.max_uses.is_none()
                && key.terms.name_prefix.is_none()
        };
        // They come oldest first, and of many that are least the first one counts.
        let key = api_keys.into_iter().filter(serves).min_by_key(|key| key.replaced_by.is_some());
        let key = key.ok_or(AccountError::NoUploadKey)?;
        // The key counts as used when the token is.
        let prefix = self.tokens.prefix(&key)?;
        let caller = Caller { account, key: key.id, prefix, terms: key.terms, uses: key.uses };
        let token = self.issue_access_token(&caller)?;
        for key in &verification_keys {
            // Of some only their owner has the private half.
            if let Some(private_key) = self.private_line(account, key)? {
                return Ok(UploadPass { token, private_key: Some(private_key) });
            }
        }
        Ok(UploadPass { token, private_key: None })
    }
}
