//! More API keys for an account, by name, and what each of them is good for.

use std::time::Duration;

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::db::keys::{ApiKey, KeyTerms};
use crate::db::{AccountId, DbError, Session, accounts, keys};

use super::{AccountError, Accounts, CryptoError, DEFAULT_KEY_NAME, check_overlap, new_api_key};

/// Live keys of one account.
const MAX_LIVE: u64 = 100;

/// Bytes of a key's name.
const MAX_NAME: usize = 255;

/// Characters of a beginning of names.
const MAX_PREFIX: usize = 255;

/// A key as it may be seen: its row, and what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKey {
    /// The row.
    pub key: ApiKey,
    /// The eight characters behind the key's last dot.
    pub prefix: String,
}

/// A key that has just taken the place of another.
#[derive(Debug)]
pub struct Rotated {
    /// Its row: the name and the terms of the one before it.
    pub key: ApiKey,
    /// The key itself: a JWT.
    pub token: SecretString,
    /// Until when the one before it is good too; nothing when it is revoked.
    pub old_until: Option<Timestamp>,
}

impl Accounts {
    /// Makes another API key and returns it with its row.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadKeyName`], [`AccountError::KeyNameTaken`], [`AccountError::TooManyKeys`], a bad one of its terms,
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
        let now = self.clock.now();
        check(&terms, now)?;
        let key = new_api_key(account, name, terms, now);
        let key = self
            .db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, account).await?.ok_or(AccountError::NoSuchAccount)?;
                    keys::retire_expired_api_keys(s, account, now).await?;
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

    /// The account's API keys that are not revoked, oldest first. They are rows, not tokens.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn live_api_keys(&self, account: AccountId) -> Result<Vec<ApiKey>, AccountError> {
        Ok(self.db.read(move |s| Box::pin(keys::list_live_api_keys(s, account))).await?)
    }

    /// The account's API key with this id, revoked or not.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchKey`] or a failure.
    pub async fn find_api_key(&self, account: AccountId, id: &str) -> Result<ApiKey, AccountError> {
        let id = id.to_owned();
        let find = self.db.read(move |s| Box::pin(async move { find(s, account, &id).await }));
        find.await?.ok_or(AccountError::NoSuchKey)
    }

    /// The account's API key of that name that is neither revoked nor replaced.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchKey`] or a failure.
    pub async fn find_api_key_by_name(&self, account: AccountId, name: &str) -> Result<ApiKey, AccountError> {
        let has_name = |key: &ApiKey| key.replaced_by.is_none() && key.name == name;
        self.live_api_keys(account).await?.into_iter().find(has_name).ok_or(AccountError::NoSuchKey)
    }

    /// Of an account's keys, oldest first, the one that it is shown as its own: one that is good and not replaced, if it can be the
    /// one named [`DEFAULT_KEY_NAME`], else the oldest.
    #[must_use]
    pub fn main_of<'a>(&self, keys: &'a [ApiKey]) -> Option<&'a ApiKey> {
        let now = self.clock.now();
        let is_good = |key: &&ApiKey| {
            let is_over = key.terms.expires_at.is_some_and(|end| end <= now);
            key.revoked_at.is_none() && key.replaced_by.is_none() && !is_over
        };
        // Of many that are least, the first one counts.
        keys.iter().filter(is_good).min_by_key(|key| key.name != DEFAULT_KEY_NAME)
    }

    /// The key itself: a JWT.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the cryptography library fails.
    pub fn reveal(&self, key: &ApiKey) -> Result<SecretString, CryptoError> {
        self.tokens.api_key(key)
    }

    /// The key with what tells it from others.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the cryptography library fails.
    pub fn shown(&self, key: ApiKey) -> Result<ShownKey, CryptoError> {
        Ok(ShownKey { prefix: self.tokens.prefix(&key)?, key })
    }

    /// Gives the account's live key the terms that `change` makes of its own. They count at once, for its access tokens too.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchKey`], a bad one of the terms, or a failure.
    pub async fn change_api_key(
        &self,
        account: AccountId,
        id: &str,
        change: impl FnOnce(&mut KeyTerms) + Send + 'static,
    ) -> Result<ApiKey, AccountError> {
        let (id, now) = (id.to_owned(), self.clock.now());
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::lock(s, account).await?;
                    let mut key = find(s, account, &id).await?.ok_or(AccountError::NoSuchKey)?;
                    let before = key.terms.expires_at;
                    change(&mut key.terms);
                    // An end that stays as it was may lie in the past.
                    let unchanged = key.terms.expires_at == before;
                    check(&key.terms, if unchanged { Timestamp::MIN } else { now })?;
                    if keys::change_terms(s, account, &id, &key.terms).await? {
                        Ok(key)
                    } else {
                        Err(AccountError::NoSuchKey)
                    }
                })
            })
            .await
    }

    /// Makes a key that takes the place of the account's key `id`: it has its name and its terms, and its uses are counted anew. The
    /// old one, with its access tokens and upload links, stays good for `overlap`, unless it would have ended before; without an
    /// overlap it is revoked. The name is the new one's: what is done by name concerns both until the old one ends.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadOverlap`], [`AccountError::NoSuchKey`] also for one that is not good any more,
    /// [`AccountError::KeyReplaced`], [`AccountError::TooManyKeys`], or a failure.
    pub async fn rotate_api_key(
        &self,
        account: AccountId,
        id: &str,
        overlap: Duration,
    ) -> Result<Rotated, AccountError> {
        check_overlap(overlap)?;
        let (id, now) = (id.to_owned(), self.clock.now());
        let until = now.plus(overlap);
        let (key, old_until) = self
            .db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::lock(s, account).await?;
                    let old = find(s, account, &id).await?.ok_or(AccountError::NoSuchKey)?;
                    let old_until = old.terms.expires_at.map_or(until, |end| end.min(until));
                    let key = new_api_key(account, &old.name, old.terms, now);
                    if !keys::replace_api_key(s, account, (&id, &key.id), until, now).await? {
                        let is_replaced = old.revoked_at.is_none() && old.replaced_by.is_some();
                        return Err(if is_replaced {
                            AccountError::KeyReplaced
                        } else {
                            AccountError::NoSuchKey
                        });
                    }
                    if overlap.is_zero() {
                        keys::revoke_api_key_by_id(s, account, &id, now).await?;
                    }
                    keys::retire_expired_api_keys(s, account, now).await?;
                    if keys::count_live_api_keys(s, account).await? >= MAX_LIVE {
                        return Err(AccountError::TooManyKeys);
                    }
                    if !keys::insert_api_key(s, &key).await? {
                        return Err(AccountError::KeyNameTaken);
                    }
                    Ok((key, (!overlap.is_zero()).then_some(old_until)))
                })
            })
            .await?;
        let token = self.tokens.api_key(&key)?;
        Ok(Rotated { key, token, old_until })
    }

    /// Revokes the account's live keys of that name, one that is replaced and has not ended too, and with them every access token
    /// that they were given.
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

    /// [`Accounts::revoke_api_key`] for the key with this id.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchKey`] or a failure.
    pub async fn revoke_api_key_by_id(&self, account: AccountId, id: &str) -> Result<(), AccountError> {
        let (id, now) = (id.to_owned(), self.clock.now());
        let revoked = self
            .db
            .write(move |s| Box::pin(async move { keys::revoke_api_key_by_id(s, account, &id, now).await }))
            .await?;
        if revoked { Ok(()) } else { Err(AccountError::NoSuchKey) }
    }
}

async fn find(s: &mut Session<'_>, account: AccountId, id: &str) -> Result<Option<ApiKey>, DbError> {
    Ok(keys::find_api_key(s, id).await?.filter(|key| key.account == account))
}

/// Whether terms that begin at `now` make sense.
fn check(terms: &KeyTerms, now: Timestamp) -> Result<(), AccountError> {
    if terms.expires_at.is_some_and(|end| end <= now) {
        return Err(AccountError::BadExpiry);
    }
    if terms.max_uses.is_some_and(|most| most == 0 || i64::try_from(most).is_err()) {
        return Err(AccountError::BadMaxUses);
    }
    let is_bad = |prefix: &String| {
        prefix.is_empty() || prefix.chars().count() > MAX_PREFIX || prefix.contains(char::is_control)
    };
    if terms.name_prefix.as_ref().is_some_and(is_bad) {
        return Err(AccountError::BadNamePrefix);
    }
    Ok(())
}
