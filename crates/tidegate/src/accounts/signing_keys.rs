//! The key pairs that an account signs CIDs with: replacing them, with or without a time in which the old ones count too.
//!
//! Endpoints of a Cloud need no more than this: with each token that they ask about they are told the keys that count.

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::db::keys::{MAX_VERIFICATION_KEYS, VerificationKey};
use crate::db::{AccountId, Session, accounts, keys};

use super::{AccountError, Accounts, PublicKey, check_overlap, verification};

/// A verification key as its account sees it.
#[derive(Debug)]
pub struct SigningKey {
    /// Which one.
    pub id: i64,
    /// SubjectPublicKeyInfo DER as one line of base64.
    pub public: String,
    /// Whether the private half was made here and is kept here.
    pub has_private: bool,
    /// When it was made or brought.
    pub created_at: Timestamp,
    /// Until when signatures by it count; nothing for the newest, which counts until it is replaced.
    pub counts_until: Option<Timestamp>,
}

/// A key pair that has just taken the place of another.
#[derive(Debug)]
pub struct NewPair {
    /// PKCS#8 DER as one line of base64.
    pub private: SecretString,
    /// SubjectPublicKeyInfo DER as one line of base64.
    pub public: String,
    /// Until when signatures by the keys before it count; nothing when they have ended.
    pub old_until: Option<Timestamp>,
}

impl Accounts {
    /// The account's verification keys that count now, newest first.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn signing_keys(&self, account: AccountId) -> Result<Vec<SigningKey>, AccountError> {
        let now = self.clock.now();
        let rows = self.db.read(move |s| Box::pin(keys::verification_keys(s, account, now))).await?;
        rows.iter().map(SigningKey::of).collect()
    }

    /// Replaces the account's verification keys by one that its owner has brought. The others count for `overlap` longer.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadOverlap`], [`AccountError::TooManySigningKeys`], [`AccountError::NoSuchAccount`], or a failure.
    pub async fn set_public_key(
        &self,
        account: AccountId,
        key: PublicKey,
        overlap: Duration,
    ) -> Result<(), AccountError> {
        check_overlap(overlap)?;
        let now = self.clock.now();
        self.db
            .try_write(move |s| {
                Box::pin(async move { replace(s, account, (key.as_der(), None), overlap, now).await })
            })
            .await
    }

    /// Replaces the account's verification keys by a new pair, which is made here. The others count for `overlap` longer.
    ///
    /// # Errors
    ///
    /// As [`Accounts::set_public_key`].
    pub async fn rotate_signing_key(
        &self,
        account: AccountId,
        overlap: Duration,
    ) -> Result<NewPair, AccountError> {
        check_overlap(overlap)?;
        let pair = self.passwords.run(verification::generate).await?;
        let new = NewPair {
            private: verification::private_line(&pair.private),
            public: PublicKey::from_der(&pair.public)?.to_line(),
            old_until: (!overlap.is_zero()).then(|| self.clock.now().plus(overlap)),
        };
        let (now, sealing) = (self.clock.now(), Arc::clone(&self.sealing));
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    let sealed = sealing.seal(account, &pair.private)?;
                    replace(s, account, (&pair.public, Some(&sealed)), overlap, now).await
                })
            })
            .await?;
        Ok(new)
    }

    /// Lets signatures by one of the account's replaced keys count no more.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchKey`], also for the newest, or a failure.
    pub async fn end_signing_key(&self, account: AccountId, id: i64) -> Result<(), AccountError> {
        let now = self.clock.now();
        let ended = self.db.write(move |s| Box::pin(keys::end_verification_key(s, account, id, now))).await?;
        if ended { Ok(()) } else { Err(AccountError::NoSuchKey) }
    }
}

async fn replace(
    s: &mut Session<'_>,
    account: AccountId,
    (public, sealed): (&[u8], Option<&[u8]>),
    overlap: Duration,
    now: Timestamp,
) -> Result<(), AccountError> {
    if !accounts::lock(s, account).await? {
        return Err(AccountError::NoSuchAccount);
    }
    keys::expire_verification_keys(s, account, now.plus(overlap)).await?;
    // One more would push the oldest out of those that are tried, before its time.
    if keys::verification_keys(s, account, now).await?.len() >= usize::from(MAX_VERIFICATION_KEYS) {
        return Err(AccountError::TooManySigningKeys);
    }
    Ok(keys::insert_verification_key(s, account, public, sealed, now).await?)
}

impl SigningKey {
    fn of(row: &VerificationKey) -> Result<Self, AccountError> {
        Ok(Self {
            id: row.id,
            public: PublicKey::from_der(&row.public_key)?.to_line(),
            has_private: row.sealed_private_key.is_some(),
            created_at: row.created_at,
            counts_until: row.expires_at,
        })
    }
}
