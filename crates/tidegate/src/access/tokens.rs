//! Auth tokens: an address's licence to download for a while without signing each time.
//!
//! A token is a JWT (HS256) with the claims that clients read, `exp` and `address`, and a `jti` of its own: asking again
//! gives another token, and a revoked one stays revoked. Revocations are on disk before the answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use moka::sync::Cache;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use tidegate_ocean::{Address, Nonce};
use uuid::Uuid;

use super::nonces::{NonceRefusal, Nonces};
use crate::accounts::{CryptoError, Purpose, ServerKey};
use crate::clock::{Clock, Timestamp};
use crate::db::tokens::{self, GivenToken, TokenId};
use crate::db::{Db, DbError, Engine};

/// Ours have some 200 characters.
const MAX_TOKEN: usize = 1024;

/// Revoked tokens read at a time.
const PAGE: u32 = 1000;

/// How often those that are over are forgotten.
const TIDIED: Duration = Duration::from_secs(60);

/// With PostgreSQL: how long a token is believed to be good without asking again. What another process revokes is refused
/// here after this time.
const REMEMBERED: Duration = Duration::from_secs(1);
const REMEMBERED_TOKENS: u64 = 10_000;

/// Makes, reads and revokes auth tokens. Cheap to clone.
#[derive(Clone)]
pub struct AuthTokens(Arc<Parts>);

struct Parts {
    db: Arc<Db>,
    clock: Clock,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    revoked: Revoked,
    /// When tokens that are over are forgotten next, in milliseconds since 1970.
    tidy_at: AtomicI64,
}

/// Without the keys.
impl std::fmt::Debug for AuthTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthTokens").finish_non_exhaustive()
    }
}

/// What is known of revoked tokens without asking the database.
enum Revoked {
    /// All of them: with SQLite nobody else revokes any.
    All(Mutex<HashMap<TokenId, Timestamp>>),
    /// Those that were not, a moment ago.
    NotThese(Cache<TokenId, ()>),
}

/// Whom a good token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// The address that asked for it.
    pub address: Address,
    /// From this moment on it is refused.
    pub expires_at: Timestamp,
}

/// Why a token is no good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Not a token, or not one of ours.
    #[error("the auth token is not valid")]
    Invalid,
    /// It was good once.
    #[error("the auth token has expired; ask for a new one")]
    Expired,
    /// Its owner has revoked it.
    #[error("the auth token has been deleted")]
    Revoked,
    /// The question could not be answered.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The nonce that it is asked for with is not accepted.
    #[error(transparent)]
    Nonce(#[from] NonceRefusal),
    /// The cryptography library fails.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

#[derive(Serialize, Deserialize)]
struct Payload {
    /// Seconds since the epoch.
    exp: i64,
    /// With the checksum of capitals.
    address: String,
    /// A UUID.
    jti: String,
}

impl AuthTokens {
    /// The tokens of the server with this `key`, revoked in `db`.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or the cryptography library fails.
    pub async fn open(db: Arc<Db>, clock: Clock, key: &ServerKey) -> anyhow::Result<Self> {
        let key = key.derive(Purpose::AuthTokens)?;
        // One algorithm, whatever the token's header asks for.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp"]);
        // The library would ask the machine's clock; ours is asked below.
        validation.validate_exp = false;
        validation.validate_aud = false;

        let now = clock.now();
        db.write(move |s| Box::pin(tokens::purge_revoked_tokens(s, now))).await?;
        let revoked = match db.engine() {
            Engine::Sqlite => Revoked::All(Mutex::new(all_revoked(&db).await?)),
            Engine::Postgres => Revoked::NotThese(
                Cache::builder().max_capacity(REMEMBERED_TOKENS).time_to_live(REMEMBERED).build(),
            ),
        };
        Ok(Self(Arc::new(Parts {
            db,
            clock,
            encoding: EncodingKey::from_secret(key.expose_secret()),
            decoding: DecodingKey::from_secret(key.expose_secret()),
            validation,
            revoked,
            tidy_at: AtomicI64::new(0),
        })))
    }

    /// A new token for `address`, which asks with this `nonce`, good until `expires_at` (in whole seconds, rounded down). The nonce
    /// is used up and what was given is recorded, together: whatever happens then, the same request gives no second token.
    ///
    /// # Errors
    ///
    /// [`IssueError`].
    pub async fn issue(
        &self,
        nonces: &Nonces,
        (address, nonce): (Address, Nonce),
        expires_at: Timestamp,
    ) -> Result<String, IssueError> {
        let (id, now) = (Uuid::now_v7(), self.0.clock.now());
        let payload =
            Payload { exp: expires_at.as_seconds(), address: address.to_checksum(None), jti: id.to_string() };
        let token =
            encode(&Header::new(Algorithm::HS256), &payload, &self.0.encoding).map_err(|_| CryptoError)?;
        let expires_at = Timestamp::from_seconds(payload.exp);
        let tidy = self.is_untidy(now);
        let record = nonces.accept_for(address, nonce, move |s| {
            Box::pin(async move {
                if tidy {
                    tokens::purge_given_tokens(s, now).await?;
                }
                tokens::give_token(s, id.into_bytes(), address, now, expires_at).await
            })
        });
        record.await?;
        Ok(token)
    }

    /// Whether it is time to forget the tokens that are over. Says so once each time.
    fn is_untidy(&self, now: Timestamp) -> bool {
        let (due, next) = (self.0.tidy_at.load(Ordering::Relaxed), now.plus(TIDIED).as_millis());
        now.as_millis() >= due
            && self.0.tidy_at.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whom this token is for, if it is good now.
    ///
    /// # Errors
    ///
    /// [`TokenRefusal`].
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenRefusal> {
        let (claims, id) = self.read(token)?;
        if self.is_revoked(id).await? { Err(TokenRefusal::Revoked) } else { Ok(claims) }
    }

    /// Revokes this token for good. That its owner asks is for the caller to check.
    ///
    /// # Errors
    ///
    /// [`TokenRefusal`]: what is not good now cannot be revoked.
    pub async fn revoke(&self, token: &str) -> Result<(), TokenRefusal> {
        let (claims, id) = self.read(token)?;
        let tokens = self.clone();
        // What is revoked on disk must be known here, also when the caller does not wait.
        let revoking = tokio::spawn(async move { tokens.record(id, claims.expires_at).await });
        revoking.await.map_err(|_| DbError::Closed)?
    }

    /// Revokes a token that was given, whoever has it; nothing happens to one that is revoked.
    ///
    /// # Errors
    ///
    /// The database cannot be written.
    pub async fn revoke_given(&self, token: &GivenToken) -> Result<(), DbError> {
        let (tokens, id, expires_at) = (self.clone(), token.token, token.expires_at);
        let revoking = tokio::spawn(async move { tokens.record(id, expires_at).await });
        match revoking.await.map_err(|_| DbError::Closed)? {
            Err(TokenRefusal::Db(error)) => Err(error),
            _ => Ok(()),
        }
    }

    async fn record(&self, id: TokenId, expires_at: Timestamp) -> Result<(), TokenRefusal> {
        let now = self.0.clock.now();
        let revoked = self
            .0
            .db
            .write(move |s| {
                Box::pin(async move {
                    tokens::purge_revoked_tokens(s, now).await?;
                    tokens::revoke_token(s, id, expires_at).await
                })
            })
            .await?;
        match &self.0.revoked {
            Revoked::All(all) => {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.retain(|_, expires_at| *expires_at > now);
                all.insert(id, expires_at);
            }
            Revoked::NotThese(good) => good.invalidate(&id),
        }
        if revoked { Ok(()) } else { Err(TokenRefusal::Revoked) }
    }

    async fn is_revoked(&self, id: TokenId) -> Result<bool, DbError> {
        let good = match &self.0.revoked {
            Revoked::All(all) => {
                return Ok(all.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id));
            }
            Revoked::NotThese(good) => good,
        };
        if good.contains_key(&id) {
            return Ok(false);
        }
        let revoked = self.0.db.read(move |s| Box::pin(tokens::is_token_revoked(s, id))).await?;
        if !revoked {
            good.insert(id, ());
        }
        Ok(revoked)
    }

    /// The claims of a token of ours that is not over.
    fn read(&self, token: &str) -> Result<(Claims, TokenId), TokenRefusal> {
        if token.len() > MAX_TOKEN {
            return Err(TokenRefusal::Invalid);
        }
        let payload: Payload =
            decode(token, &self.0.decoding, &self.0.validation).map_err(|_| TokenRefusal::Invalid)?.claims;
        let address = payload.address.parse().map_err(|_| TokenRefusal::Invalid)?;
        let id = Uuid::try_parse(&payload.jti).map_err(|_| TokenRefusal::Invalid)?;
        let expires_at = Timestamp::from_seconds(payload.exp);
        if self.0.clock.now() >= expires_at {
            return Err(TokenRefusal::Expired);
        }
        Ok((Claims { address, expires_at }, id.into_bytes()))
    }
}

async fn all_revoked(db: &Db) -> Result<HashMap<TokenId, Timestamp>, DbError> {
    let mut all = HashMap::new();
    let mut after = None;
    loop {
        let page = db.read(move |s| Box::pin(tokens::revoked_tokens_after(s, after, PAGE))).await?;
        let Some((last, _)) = page.last() else {
            return Ok(all);
        };
        after = Some(*last);
        all.extend(page);
    }
}
