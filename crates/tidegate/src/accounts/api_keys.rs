//! More API keys for an account, by name.

use secrecy::SecretString;

use crate::db::keys::{ApiKey, KeyTerms};
use crate::db::{AccountId, accounts, keys};

use super::{AccountError, Accounts, new_api_key};

/// Live keys of one account.
const MAX_LIVE: u64 = 100;

/// Bytes of a key's name.
const MAX_NAME: usize = 255;

impl Accounts {
    /// Makes another API key and returns it with its row.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadKeyName`], [`AccountError::KeyNameTaken`], [`AccountError::TooManyKeys`],
    /// [`AccountError::NoSuchAccount`], or a failure.
    pub async fn add_api_key(
        &self,
        account: AccountId,
        name: &str,
        terms: KeyTerms,
    ) -> Result<(ApiKey, SecretString), AccountError> {
        if name.is_empty() || name.len() > MAX_NAME || name.contains(char::is_control) {
            return Err(AccountError::BadKeyName);
        }
        let key = new_api_key(account, name, terms, self.clock.now());
        let key = self
            .db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, account).await?.ok_or(AccountError::NoSuchAccount)?;
                    // Two at once may both be the hundredth: this is a bound, not a count.
                    if keys::count_live_api_keys(s, account).await? >= MAX_LIVE {
                        return Err(AccountError::TooManyKeys);
                    }
                    if keys::insert_api_key(s, &key).await? {
                        Ok(key)
                    } else {
                        Err(AccountError::KeyNameTaken)
                    }
                })
            })
            .await?;
        let token = self.tokens.api_key(&key)?;
        Ok((key, token))
    }

    /// The account's API keys, live ones first. They are rows, not tokens.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn list_api_keys(&self, account: AccountId) -> Result<Vec<ApiKey>, AccountError> {
        Ok(self.db.read(move |s| Box::pin(keys::list_api_keys(s, account))).await?)
    }

    /// Revokes the account's live key of that name, and with it every access token that it was given.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchKey`] or a failure.
    pub async fn revoke_api_key(&self, account: AccountId, name: &str) -> Result<(), AccountError> {
        let (name, now) = (name.to_owned(), self.clock.now());
        let revoked = self
            .db
            .write(move |s| Box::pin(async move { keys::revoke_api_key(s, account, &name, now).await }))
            .await?;
        if revoked { Ok(()) } else { Err(AccountError::NoSuchKey) }
    }
}
