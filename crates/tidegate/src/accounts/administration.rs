//! What administrators do with accounts, and the links by which somebody who forgot their password sets another one. Who is an
//! administrator is asked at the door.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::db::{AccountId, accounts, password_links, roster};

use super::random_token::{hash_of, new_token};
use super::sessions::end_all;
use super::{AccountError, Accounts, CryptoError};

/// How long a link to a new password is good.
pub const PASSWORD_LINK: Duration = Duration::from_secs(24 * 60 * 60);

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

    /// Makes the account an administrator's, or takes that back, as the operator at the machine may: where nobody is left who
    /// administers the server, its next start says how somebody can.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchAccount`] or a failure.
    pub async fn set_admin(&self, id: AccountId, is_admin: bool) -> Result<(), AccountError> {
        let set = self.db.write(move |s| Box::pin(accounts::set_admin(s, id, is_admin)));
        if set.await? { Ok(()) } else { Err(AccountError::NoSuchAccount) }
    }

    /// Makes the account an administrator's no longer, if there is another one who can sign in.
    ///
    /// # Errors
    ///
    /// [`AccountError::LastAdmin`], [`AccountError::NoSuchAccount`], or a failure.
    pub async fn remove_admin(&self, id: AccountId) -> Result<(), AccountError> {
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, id).await?.ok_or(AccountError::NoSuchAccount)?;
                    if roster::unmake_admin(s, id).await? { Ok(()) } else { Err(AccountError::LastAdmin) }
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
                    end_all(s, id, "").await?;
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
    pub async fn make_password_link(&self, id: AccountId) -> Result<(SecretString, Timestamp), AccountError> {
        let token = new_token()?;
        let hash = hash_of(token.expose_secret()).ok_or(CryptoError)?;
        let until = self.clock.now().plus(PASSWORD_LINK);
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, id).await?.ok_or(AccountError::NoSuchAccount)?;
                    password_links::put_link(s, id, &hash, until).await?;
                    Ok::<_, AccountError>(())
                })
            })
            .await?;
        Ok((token, until))
    }

    /// The e-mail address of the account whose password this link sets.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchLink`] or a failure.
    pub async fn find_password_link(&self, token: &str) -> Result<String, AccountError> {
        let (hash, now) = (hash_of(token).ok_or(AccountError::NoSuchLink)?, self.clock.now());
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
        let (hash, now) = (hash_of(token).ok_or(AccountError::NoSuchLink)?, self.clock.now());
        let password_hash = self.passwords.hash(password).await?;
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    let id =
                        password_links::take_link(s, &hash, now).await?.ok_or(AccountError::NoSuchLink)?;
                    accounts::set_password_hash(s, id, &password_hash).await?;
                    end_all(s, id, "").await?;
                    Ok(id)
                })
            })
            .await
    }
}
