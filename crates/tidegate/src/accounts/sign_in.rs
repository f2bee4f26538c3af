//! Signing in, in one step or two: who has a second factor and shows the password is half in. They hold a token that is good for a few
//! minutes and for entering a code, no more.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::db::second_factors as rows;
use crate::db::{AccountId, DbError};

use super::random_token::{hash_of, new_token};
use super::{AccountError, Accounts, AuthError, CryptoError, FactorError, Whence};

/// How long somebody may take to enter a code.
pub const HALF_LOGIN: Duration = Duration::from_secs(5 * 60);

/// What somebody has who has shown the right password.
#[derive(Debug)]
pub enum Entry {
    /// A session's token.
    Session(SecretString),
    /// A token for [`Accounts::finish_sign_in`]: a code is wanted, too.
    Half(SecretString),
}

impl Accounts {
    /// Begins a session for whoever has this password and no second factor; who has one is half in. What is returned is not kept.
    ///
    /// # Errors
    ///
    /// [`AuthError::WrongPassword`], [`AuthError::Elsewhere`], or a failure.
    pub async fn sign_in(
        &self,
        email: &str,
        password: SecretString,
        whence: Whence<'_>,
    ) -> Result<Entry, AuthError> {
        let account = self.authenticate_password(email, password).await?;
        let find = self.db.read(move |s| Box::pin(rows::find_second_factor(s, account)));
        if find.await?.is_none_or(|factor| factor.confirmed_at.is_none()) {
            return Ok(Entry::Session(self.begin_session(account, whence).await?));
        }
        let token = new_token()?;
        let hash = hash_of(token.expose_secret()).ok_or(CryptoError)?;
        let now = self.clock.now();
        self.db
            .write(move |s| {
                Box::pin(async move {
                    rows::insert_half_login(s, &hash, account, now.plus(HALF_LOGIN), now).await
                })
            })
            .await?;
        Ok(Entry::Half(token))
    }

    /// Whether this token of [`Entry::Half`] is still good.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn is_half_in(&self, token: &str) -> Result<bool, DbError> {
        Ok(self.half_in(token).await?.is_some())
    }

    /// Begins a session for whoever is half in and has a code of the account's second factor, or a recovery code.
    ///
    /// # Errors
    ///
    /// [`FactorError::Over`], [`FactorError::WrongCode`], [`FactorError::TooManyMisses`], or a failure.
    pub async fn finish_sign_in(
        &self,
        token: &str,
        code: &SecretString,
        whence: Whence<'_>,
    ) -> Result<SecretString, FactorError> {
        let account = self.half_in(token).await?.ok_or(FactorError::Over)?;
        let hash = hash_of(token).ok_or(FactorError::Over)?;
        let now = self.clock.now();
        self.with_code(account, code, move |s| {
            Box::pin(async move {
                // It may have been ended since, or be used by another at the same time.
                if rows::end_half_login(s, &hash, now).await? { Ok(()) } else { Err(FactorError::Over) }
            })
        })
        .await
        .map_err(|error| if error == FactorError::None { FactorError::Over } else { error })?;
        self.begin_session(account, whence).await.map_err(|error| AccountError::from(error).into())
    }

    async fn half_in(&self, token: &str) -> Result<Option<AccountId>, DbError> {
        let Some(hash) = hash_of(token) else { return Ok(None) };
        let now = self.clock.now();
        self.db.read(move |s| Box::pin(async move { rows::find_half_login(s, &hash, now).await })).await
    }
}
