//! What administrators do with accounts, and the links by which somebody who forgot their password sets another one. Who is an
//! administrator is asked at the door.

use std::time::Duration;

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::db::{AccountId, accounts, password_links, roster};

use super::{AccountError, Accounts, CryptoError};

/// How long a link to a new password is good.
pub const PASSWORD_LINK: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes of a link's token, which nobody guesses.
const TOKEN_BYTES: usize = 32;

impl Accounts {
    /// Gives the account a quota of its own in bytes, or the server's default again.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchAccount`] or a failure.
    pub async fn set_quota(&self, id: AccountId, quota: Option<u64>) -> Result<(), AccountError> {
        let set = self.db.write(move |s| Box::pin(accounts::set_quota(s, id, quota)));
        if set.await? { Ok(()) } else { Err(AccountError::NoSuchAccount) }
    }

    /// Makes the account an administrator's, or takes that back.
    ///
    /// # Errors
    ///
    /// [`AccountError::LastAdmin`], [`AccountError::NoSuchAccount`], or a failure.
    pub async fn set_admin(&self, id: AccountId, is_admin: bool) -> Result<(), AccountError> {
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, id).await?.ok_or(AccountError::NoSuchAccount)?;
                    let done = if is_admin {
                        roster::make_admin(s, id).await?
                    } else {
                        roster::unmake_admin(s, id).await?
                    };
                    if done { Ok(()) } else { Err(AccountError::LastAdmin) }
                })
            })
            .await
    }

    /// Shuts the account out: from now on none of its keys, tokens, upload links and passwords opens anything, and its sessions end.
    /// What it has pinned stays.
    ///
    /// # Errors
    ///
    /// [`AccountError::LastAdmin`], [`AccountError::NoSuchAccount`], or a failure.
    pub async fn disable(&self, id: AccountId) -> Result<(), AccountError> {
        let now = self.clock.now();
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, id).await?.ok_or(AccountError::NoSuchAccount)?;
                    if !roster::disable(s, id, now).await? {
                        return Err(AccountError::LastAdmin);
                    }
                    password_links::drop_link(s, id).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Lets the account in again, with the keys and the password that it had.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchAccount`] or a failure.
    pub async fn enable(&self, id: AccountId) -> Result<(), AccountError> {
        let enabled = self.db.write(move |s| Box::pin(roster::enable(s, id)));
        if enabled.await? { Ok(()) } else { Err(AccountError::NoSuchAccount) }
    }

    /// Makes the token of a link by which the account's password can be set anew once, within [`PASSWORD_LINK`]; an earlier link is not
    /// good any more. The password itself stays good until then.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchAccount`] or a failure.
    pub async fn make_password_link(
        &self,
        id: AccountId,
    ) -> Result<(SecretString, Timestamp), AccountError> {
        let mut bytes = [0; TOKEN_BYTES];
        rand::fill(&mut bytes).map_err(CryptoError::from)?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let (hash, until) = (hash(&token), self.clock.now().plus(PASSWORD_LINK));
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, id).await?.ok_or(AccountError::NoSuchAccount)?;
                    password_links::put_link(s, id, &hash, until).await?;
                    Ok::<_, AccountError>(())
                })
            })
            .await?;
        Ok((token.into(), until))
    }

    /// The e-mail address of the account whose password this link sets.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchLink`] or a failure.
    pub async fn find_password_link(&self, token: &str) -> Result<String, AccountError> {
        let (hash, now) = (checked_hash(token)?, self.clock.now());
        let find = self.db.read(move |s| {
            Box::pin(async move {
                let Some((id, until)) = password_links::find_link(s, &hash).await? else { return Ok(None) };
                Ok(accounts::find_account(s, id).await?.filter(|_| now < until))
            })
        });
        Ok(find.await?.ok_or(AccountError::NoSuchLink)?.email)
    }

    /// Sets the password of the account whose link this is, uses the link up, and ends the account's sessions.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadPassword`], [`AccountError::NoSuchLink`], or a failure.
    pub async fn set_password_by_link(
        &self,
        token: &str,
        password: SecretString,
    ) -> Result<AccountId, AccountError> {
        // A password costs much to hash: not for a link that is none.
        self.find_password_link(token).await?;
        let (hash, now) = (checked_hash(token)?, self.clock.now());
        let password_hash = self.passwords.hash(password).await?;
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    let id =
                        password_links::take_link(s, &hash, now).await?.ok_or(AccountError::NoSuchLink)?;
                    accounts::set_password_hash(s, id, &password_hash).await?;
                    Ok(id)
                })
            })
            .await
    }
}

/// What is kept of a token that has the length of ours.
fn checked_hash(token: &str) -> Result<[u8; 32], AccountError> {
    let length = (TOKEN_BYTES * 4).div_ceil(3);
    if token.len() == length { Ok(hash(token)) } else { Err(AccountError::NoSuchLink) }
}

/// It is random, so this needs no salt.
fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}
