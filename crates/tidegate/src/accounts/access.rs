//! Who is calling, and did they sign this?

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::db::{AccountId, accounts, keys};

use super::email::Email;
use super::tokens::Holder;
use super::{AccessToken, AccountError, Accounts, AuthError, Authority, Caller, CryptoError, PublicKey};

impl Accounts {
    /// Whose API key this is.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`], [`AuthError::Revoked`], [`AuthError::KeyExpired`], [`AuthError::Disabled`], [`AuthError::Elsewhere`], or
    /// a failure.
    pub async fn authenticate_api_key(&self, token: &str) -> Result<Caller, AuthError> {
        if let Authority::Cloud(trust) = &self.authority {
            return Err(AuthError::Elsewhere(trust.cloud().to_owned()));
        }
        self.caller(self.tokens.read_api_key(token)?).await
    }

    /// A token for uploads, good for two hours as long as the caller's API key is, and for what that is good for. Earlier ones stay
    /// good.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the cryptography library fails.
    pub fn issue_access_token(&self, caller: &Caller) -> Result<AccessToken, CryptoError> {
        self.tokens.access_token(caller, self.clock.now())
    }

    /// Who was given this access token, and until when it may be believed.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`], [`AuthError::Expired`], [`AuthError::Revoked`], [`AuthError::KeyExpired`], [`AuthError::Disabled`], or a
    /// failure; on an Endpoint, which does not learn which of them it is, also [`AuthError::Counted`] and [`AuthError::CloudAway`].
    pub async fn authenticate_access_token(&self, token: &str) -> Result<(Caller, Timestamp), AuthError> {
        if let Authority::Cloud(trust) = &self.authority {
            return trust.authenticate(token).await;
        }
        let (holder, expires_at) = self.tokens.read_access_token(token, self.clock.now())?;
        Ok((self.caller(holder).await?, expires_at))
    }

    /// Whose e-mail address and password these are. Takes as long for an address without an account.
    ///
    /// # Errors
    ///
    /// [`AuthError::WrongPassword`], [`AuthError::Disabled`], or a failure.
    pub async fn authenticate_password(
        &self,
        email: &str,
        password: SecretString,
    ) -> Result<AccountId, AuthError> {
        let account = match Email::parse(email) {
            Ok(email) => {
                let find = self.db.read(|s| {
                    Box::pin(async move { accounts::find_account_by_email(s, email.as_str()).await })
                });
                find.await?
            }
            Err(_) => None,
        };
        let is_disabled = account.as_ref().is_some_and(|account| account.disabled_at.is_some());
        let (id, hash) = account.map(|account| (account.id, account.password_hash)).unzip();
        let fits = self.passwords.verify(password, hash).await?;
        let id = id.filter(|_| fits).ok_or(AuthError::WrongPassword)?;
        // Only the owner learns that.
        if is_disabled { Err(AuthError::Disabled) } else { Ok(id) }
    }

    /// Is `secret` a signature over exactly this text by a key of the account that counts now?
    ///
    /// # Errors
    ///
    /// A failure of the database. An account that does not exist has signed nothing.
    pub async fn verify_cid_signature(
        &self,
        account: AccountId,
        cid_text: &str,
        secret: &str,
    ) -> Result<bool, AccountError> {
        let now = self.clock.now();
        let keys = self.db.read(move |s| Box::pin(keys::verification_keys(s, account, now))).await?;
        for key in keys {
            if PublicKey::from_der(&key.public_key)?.verify(cid_text, secret) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Who holds a key, if it is there, theirs, and good now: with what it is good for at this moment, so that narrowing a key
    /// narrows its access tokens too.
    pub(super) async fn caller(&self, holder: Holder) -> Result<Caller, AuthError> {
        let Holder { account, key: id, prefix } = holder;
        let find = self.db.read(move |s| Box::pin(async move { keys::find_shown_api_key(s, &id).await }));
        let (key, disabled_at) = find.await?.unzip();
        match key {
            Some(key) if key.account != account => Err(AuthError::Invalid),
            Some(_) if disabled_at.flatten().is_some() => Err(AuthError::Disabled),
            Some(key) if key.revoked_at.is_some() => Err(AuthError::Revoked),
            Some(key) if key.terms.expires_at.is_some_and(|end| self.clock.now() >= end) => {
                Err(AuthError::KeyExpired)
            }
            Some(key) => {
                self.seen.note(&self.db, &key, self.clock.now());
                let prefix = prefix.map_or_else(|| self.tokens.prefix(&key), Ok)?;
                Ok(Caller { account, prefix, key: key.id, terms: key.terms, uses: key.uses })
            }
            None => Err(AuthError::Invalid),
        }
    }
}
