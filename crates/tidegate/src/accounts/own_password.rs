//! Changing a password, by its owner or by the operator. Either ends what the old one has opened.

use secrecy::SecretString;

use crate::db::{AccountId, accounts};

use super::sessions::end_all;
use super::{AccountError, Accounts};

impl Accounts {
    /// Replaces the account's password, and ends all its sessions. For the operator.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadPassword`], [`AccountError::NoSuchAccount`], or a failure.
    pub async fn set_password(&self, id: AccountId, password: SecretString) -> Result<(), AccountError> {
        self.replace_password(id, password, "").await
    }

    /// Replaces the password of somebody who has it, and ends all their sessions but the one with the id `kept`.
    ///
    /// # Errors
    ///
    /// [`AccountError::WrongPassword`], [`AccountError::BadPassword`], [`AccountError::NoSuchAccount`], or a failure.
    pub async fn change_password(
        &self,
        id: AccountId,
        old: SecretString,
        new: SecretString,
        kept: &str,
    ) -> Result<(), AccountError> {
        self.check_password(id, old).await?;
        self.replace_password(id, new, kept).await
    }

    /// Is this the account's password?
    ///
    /// # Errors
    ///
    /// [`AccountError::WrongPassword`], [`AccountError::NoSuchAccount`], or a failure.
    pub(super) async fn check_password(
        &self,
        id: AccountId,
        password: SecretString,
    ) -> Result<(), AccountError> {
        let account = self.db.read(move |s| Box::pin(accounts::find_account(s, id))).await?;
        let hash = account.ok_or(AccountError::NoSuchAccount)?.password_hash;
        let fits = self.passwords.verify(password, Some(hash)).await?;
        if fits { Ok(()) } else { Err(AccountError::WrongPassword) }
    }

    async fn replace_password(
        &self,
        id: AccountId,
        password: SecretString,
        kept: &str,
    ) -> Result<(), AccountError> {
        let hash = self.passwords.hash(password).await?;
        let kept = kept.to_owned();
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    if !accounts::set_password_hash(s, id, &hash).await? {
                        return Err(AccountError::NoSuchAccount);
                    }
                    Ok(end_all(s, id, &kept).await?)
                })
            })
            .await
    }
}
