//! A second factor for people at the panel: codes from an app that knows a secret (`totp`), and recovery codes for when it is lost.
//! What is asked for at sign-in is in `sign_in`.
//!
//! Few codes may be tried, whoever tries them, and each is good once.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::rand;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::clock::Timestamp;
use crate::db::second_factors::{self as rows, SecondFactor};
use crate::db::{AccountId, DbError, Session, accounts};

use super::recovery_codes::{code_hash, new_codes};
use super::{AccountError, Accounts, CryptoError, Sealing, totp};

/// Wrong codes of one account within [`MISSES_IN`].
const MAX_MISSES: u32 = 10;
const MISSES_IN: Duration = Duration::from_secs(60 * 60);

/// An account's second factor, as its owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorState {
    /// Since when it is asked for.
    pub since: Timestamp,
    /// Recovery codes that have not been used.
    pub codes_left: u64,
}

/// What an app has to know. It is shown until a code of it was.
#[derive(Debug)]
pub struct Enrolment {
    /// To be typed: base32.
    pub secret: SecretString,
    /// To be photographed: an `otpauth:` address.
    pub uri: SecretString,
}

/// Why a second factor was not taken, set or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Not a code that is good now, or one that was used.
    #[error("this code is not right; each is good once, for half a minute or a little more")]
    WrongCode,
    /// Nobody may try another one before that moment.
    #[error("too many wrong codes were entered for this account; try again later")]
    TooManyMisses(Timestamp),
    /// The password was shown too long ago, or what it opened has ended.
    #[error("that took too long; enter the password again")]
    Over,
    /// There is nothing to confirm, or nothing that is asked for.
    #[error("there is no second factor")]
    None,
    /// There is one that is asked for.
    #[error("there is a second factor already; remove it first")]
    AlreadyOn,
    /// The password, or our side.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<DbError> for FactorError {
    fn from(error: DbError) -> Self {
        Self::Account(error.into())
    }
}

impl From<CryptoError> for FactorError {
    fn from(error: CryptoError) -> Self {
        Self::Account(error.into())
    }
}

/// What a code that was tried came to. A miss is written down, so it is no error.
enum Tried {
    Right,
    Wrong,
    NotBefore(Timestamp),
}

impl Accounts {
    /// The account's second factor, if one is asked for.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn second_factor(&self, account: AccountId) -> Result<Option<FactorState>, AccountError> {
        let (factor, codes_left) = self
            .db
            .read(move |s| {
                Box::pin(async move {
                    Ok((rows::find_second_factor(s, account).await?, rows::count_codes(s, account).await?))
                })
            })
            .await?;
        let since = factor.and_then(|factor| factor.confirmed_at);
        Ok(since.map(|since| FactorState { since, codes_left }))
    }

    /// Makes a secret for the account's second factor, which counts once a code of it was shown.
    ///
    /// # Errors
    ///
    /// [`AccountError::WrongPassword`], [`FactorError::AlreadyOn`], or a failure.
    pub async fn begin_second_factor(
        &self,
        account: AccountId,
        password: SecretString,
    ) -> Result<(), FactorError> {
        self.check_password(account, password).await?;
        let mut secret = vec![0; totp::SECRET_BYTES];
        rand::fill(&mut secret).map_err(CryptoError::from)?;
        let sealed = self.factors.seal(account, &SecretSlice::from(secret))?;
        let now = self.clock.now();
        let put =
            self.db.write(move |s| Box::pin(async move { rows::put_secret(s, account, &sealed, now).await }));
        if put.await? { Ok(()) } else { Err(FactorError::AlreadyOn) }
    }

    /// What the owner's app has to know of a secret that does not count yet; it will say that it is of `issuer`.
    ///
    /// # Errors
    ///
    /// A failure.
    pub async fn pending_second_factor(
        &self,
        account: AccountId,
        issuer: &str,
    ) -> Result<Option<Enrolment>, AccountError> {
        let (factor, account_row) = self
            .db
            .read(move |s| {
                Box::pin(async move {
                    Ok((
                        rows::find_second_factor(s, account).await?,
                        accounts::find_account(s, account).await?,
                    ))
                })
            })
            .await?;
        let email = account_row.ok_or(AccountError::NoSuchAccount)?.email;
        let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_none()) else { return Ok(None) };
        let secret = open(&self.factors, account, &factor)?;
        let uri = totp::uri(&secret, issuer, &email);
        Ok(Some(Enrolment { secret: totp::secret_text(&secret), uri }))
    }

    /// From now on the second factor is asked for. Returns recovery codes, which are not kept.
    ///
    /// # Errors
    ///
    /// [`FactorError::None`], [`FactorError::AlreadyOn`], [`FactorError::WrongCode`], [`FactorError::TooManyMisses`], or a failure.
    pub async fn confirm_second_factor(
        &self,
        account: AccountId,
        code: &SecretString,
    ) -> Result<Vec<SecretString>, FactorError> {
        let (codes, hashes) = new_codes(account)?;
        let now = self.clock.now();
        self.with_code(account, code, move |s| {
            Box::pin(async move {
                if !rows::confirm(s, account, now).await? {
                    return Err(FactorError::AlreadyOn);
                }
                Ok(rows::replace_codes(s, account, &hashes).await?)
            })
        })
        .await?;
        Ok(codes)
    }

    /// Gives somebody with a second factor other recovery codes; those from before are good no more.
    ///
    /// # Errors
    ///
    /// [`FactorError::None`], [`FactorError::WrongCode`], [`FactorError::TooManyMisses`], or a failure.
    pub async fn renew_recovery_codes(
        &self,
        account: AccountId,
        code: &SecretString,
    ) -> Result<Vec<SecretString>, FactorError> {
        self.second_factor(account).await?.ok_or(FactorError::None)?;
        let (codes, hashes) = new_codes(account)?;
        self.with_code(account, code, move |s| {
            Box::pin(async move { Ok(rows::replace_codes(s, account, &hashes).await?) })
        })
        .await?;
        Ok(codes)
    }

    /// Removes the second factor of somebody who has it, and the password.
    ///
    /// # Errors
    ///
    /// [`AccountError::WrongPassword`], [`FactorError::None`], [`FactorError::WrongCode`], [`FactorError::TooManyMisses`], or a
    /// failure.
    pub async fn remove_second_factor(
        &self,
        account: AccountId,
        password: SecretString,
        code: &SecretString,
    ) -> Result<(), FactorError> {
        self.check_password(account, password).await?;
        self.with_code(account, code, move |s| {
            Box::pin(async move {
                rows::end_half_logins(s, account).await?;
                rows::remove(s, account).await?;
                Ok(())
            })
        })
        .await
    }

    /// Removes the second factor of somebody who has lost it; false when there is none. For the operator.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn reset_second_factor(&self, account: AccountId) -> Result<bool, AccountError> {
        let reset = self.db.write(move |s| {
            Box::pin(async move {
                rows::end_half_logins(s, account).await?;
                rows::remove(s, account).await
            })
        });
        Ok(reset.await?)
    }

    /// Does `then` if the code is right, in one transaction with using it up.
    pub(super) async fn with_code<F>(
        &self,
        account: AccountId,
        code: &SecretString,
        then: F,
    ) -> Result<(), FactorError>
    where
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<(), FactorError>> + Send + 'static,
    {
        let (sealing, code, now) = (Arc::clone(&self.factors), code.clone(), self.clock.now());
        let tried = self
            .db
            .try_write(move |s| {
                Box::pin(async move {
                    let tried = try_code(s, &sealing, account, code.expose_secret(), now).await?;
                    if matches!(tried, Tried::Right) {
                        then(s).await?;
                    }
                    Ok::<_, FactorError>(tried)
                })
            })
            .await?;
        match tried {
            Tried::Right => Ok(()),
            Tried::Wrong => Err(FactorError::WrongCode),
            Tried::NotBefore(at) => Err(FactorError::TooManyMisses(at)),
        }
    }
}

async fn try_code(
    s: &mut Session<'_>,
    sealing: &Sealing,
    account: AccountId,
    code: &str,
    now: Timestamp,
) -> Result<Tried, FactorError> {
    accounts::lock(s, account).await?;
    let factor = rows::find_second_factor(s, account).await?.ok_or(FactorError::None)?;
    let is_counting = now < factor.misses_since.plus(MISSES_IN);
    let (misses, since) = if is_counting { (factor.misses, factor.misses_since) } else { (0, now) };
    if misses >= MAX_MISSES {
        return Ok(Tried::NotBefore(since.plus(MISSES_IN)));
    }
    let step = totp::step_of(&open(sealing, account, &factor)?, code, now);
    if let Some(step) = step
        && rows::take_step(s, account, step).await?
    {
        return Ok(Tried::Right);
    }
    if let Some(code) = code_hash(account, code)
        && rows::take_code(s, account, &code).await?
    {
        rows::put_misses(s, account, 0, now).await?;
        return Ok(Tried::Right);
    }
    rows::put_misses(s, account, misses + 1, since).await?;
    Ok(Tried::Wrong)
}

fn open(
    sealing: &Sealing,
    account: AccountId,
    factor: &SecondFactor,
) -> Result<SecretSlice<u8>, AccountError> {
    sealing.open(account, &factor.sealed_secret).ok_or(AccountError::WrongServerKey)
}
