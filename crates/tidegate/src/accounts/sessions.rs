//! People who are signed in at the panel: who they are, for how long, and where else they are.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::db::sessions::{self, SignedIn};
use crate::db::{AccountId, DbError};

use super::random_token::{hash_of, new_token};
use super::{AccountError, Accounts, AuthError, new_id};

/// A session is written down as used when that was so long ago.
const TOUCHED_AFTER: Duration = Duration::from_secs(60);

/// Sessions of one account; who signs in once more ends the one that was not used for longest.
const AT_ONCE: u32 = 100;

/// What is kept of an address or a browser's name, in characters.
const KEPT: usize = 200;

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// Without being used.
    pub idle: Duration,
    /// Altogether.
    pub lifetime: Duration,
}

/// Whence somebody signs in.
#[derive(Debug, Clone, Copy)]
pub struct Whence<'a> {
    /// Their address.
    pub address: &'a str,
    /// What their browser says it is.
    pub agent: &'a str,
}

impl Accounts {
    /// Begins a session for whoever has this password; what is returned opens it and is not kept.
    ///
    /// # Errors
    ///
    /// [`AuthError::WrongPassword`], [`AuthError::Elsewhere`], or a failure.
    pub async fn sign_in(
        &self,
        email: &str,
        password: SecretString,
        whence: Whence<'_>,
    ) -> Result<SecretString, AuthError> {
        let account = self.authenticate_password(email, password).await?;
        self.begin_session(account, whence).await
    }

    /// Begins a session for somebody who has shown who they are.
    ///
    /// # Errors
    ///
    /// A failure.
    pub async fn begin_session(
        &self,
        account: AccountId,
        whence: Whence<'_>,
    ) -> Result<SecretString, AuthError> {
        let now = self.clock.now();
        let token = new_token()?;
        let hash = hash_of(token.expose_secret()).ok_or(super::CryptoError)?;
        let (id, address, agent) = (new_id(now), cut(whence.address), cut(whence.agent));
        let oldest = now.minus(self.session_limits.lifetime);
        self.db
            .write(move |s| {
                Box::pin(async move {
                    sessions::purge_sessions(s, oldest).await?;
                    sessions::end_oldest_sessions(s, account, AT_ONCE - 1).await?;
                    sessions::insert_session(s, &hash, &id, account, (&address, &agent), now).await
                })
            })
            .await?;
        Ok(token)
    }

    /// Who holds this, if it opens a session that has not ended; being asked keeps it from ending.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn find_session(&self, token: &str) -> Result<Option<SignedIn>, DbError> {
        let Some(hash) = hash_of(token) else { return Ok(None) };
        let find = self.db.read(move |s| Box::pin(async move { sessions::find_session(s, &hash).await }));
        let now = self.clock.now();
        let Some(session) = find.await?.filter(|session| self.is_live(session, now)) else {
            return Ok(None);
        };
        if now >= session.used_at.plus(TOUCHED_AFTER) {
            self.db
                .write(move |s| Box::pin(async move { sessions::touch_session(s, &hash, now).await }))
                .await?;
        }
        Ok(Some(session))
    }

    /// The account's sessions that have not ended, the last used first.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn list_sessions(&self, account: AccountId) -> Result<Vec<SignedIn>, DbError> {
        let list = self
            .db
            .read(move |s| Box::pin(async move { sessions::list_sessions(s, account, AT_ONCE).await }));
        let now = self.clock.now();
        Ok(list.await?.into_iter().filter(|session| self.is_live(session, now)).collect())
    }

    /// Ends one of the account's sessions, if there is one of that id.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn end_session(&self, account: AccountId, id: &str) -> Result<(), DbError> {
        let id = id.to_owned();
        let end =
            self.db.write(move |s| Box::pin(async move { sessions::end_session(s, account, &id).await }));
        end.await.map(drop)
    }

    /// Ends all sessions of the account, but for the one with the id `kept`.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn end_sessions(&self, account: AccountId, kept: Option<&str>) -> Result<(), DbError> {
        let kept = kept.unwrap_or_default().to_owned();
        self.db
            .write(move |s| Box::pin(async move { sessions::end_other_sessions(s, account, &kept).await }))
            .await
    }

    fn is_live(&self, session: &SignedIn, now: Timestamp) -> bool {
        let SessionLimits { idle, lifetime } = self.session_limits;
        now < session.used_at.plus(idle) && now < session.created_at.plus(lifetime)
    }
}

impl From<AuthError> for AccountError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Db(error) => error.into(),
            AuthError::Crypto(error) => error.into(),
            _ => Self::NoSuchAccount,
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(KEPT).collect()
}
