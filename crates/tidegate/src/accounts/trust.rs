//! On an Endpoint: who may upload is the Cloud's to say. What it says is believed for a while, so that an upload costs no question;
//! and while the Cloud is away, what it said of a token is believed until that expires.
//!
//! The accounts of the Cloud, with their verification keys, are kept here under the same ids as far as they have been seen, so that
//! pins, jobs and signatures need nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use moka::sync::Cache;
use tidegate_content::sha256;

use crate::clock::{Clock, Timestamp};
use crate::cloud::wire::{Verdict, Vouched};
use crate::cloud::{Cloud, CloudError, Reach};
use crate::db::keys::KeyTerms;
use crate::db::{AccountId, Db, DbError, TokenHash, accounts, keys};

use super::tokens::MAX_TOKEN;
use super::{AuthError, Caller, PublicKey};

/// Tokens that are remembered, at some 500 bytes each.
const REMEMBERED: u64 = 20_000;

/// What a question comes to, for all who wait for it.
type Asking = Shared<BoxFuture<'static, Result<Good, AuthError>>>;

/// See the module's documentation.
pub(super) struct Trust {
    cloud: Cloud,
    db: Arc<Db>,
    clock: Clock,
    trust_for: Duration,
    good: Cache<TokenHash, Good>,
    asking: Mutex<HashMap<TokenHash, Asking>>,
}

/// Without the tokens.
impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("cloud", &self.cloud).finish_non_exhaustive()
    }
}

/// A token that the Cloud has confirmed.
#[derive(Clone)]
struct Good {
    caller: Caller,
    expires_at: Timestamp,
    confirmed_at: Timestamp,
}

impl Trust {
    pub(super) fn new(cloud: Cloud, db: Arc<Db>, clock: Clock, trust_for: Duration) -> Self {
        let good = Cache::builder().max_capacity(REMEMBERED).build();
        Self { cloud, db, clock, trust_for, good, asking: Mutex::default() }
    }

    /// The Cloud's address.
    pub(super) fn cloud(&self) -> &str {
        self.cloud.url()
    }

    /// Who was given this access token, and until when it may be believed.
    pub(super) async fn authenticate(
        self: &Arc<Self>,
        token: &str,
    ) -> Result<(Caller, Timestamp), AuthError> {
        if token.len() > MAX_TOKEN {
            return Err(AuthError::Invalid);
        }
        let hash = sha256(&[token.as_bytes()]);
        let now = self.clock.now();
        let known = self.good.get(&hash).filter(|good| now < good.expires_at);
        if let Some(good) = &known
            && (now < good.confirmed_at.plus(self.trust_for) || self.cloud.reach() == Reach::Away)
        {
            return Ok((good.caller.clone(), good.expires_at));
        }
        let good = match (self.ask(hash, token).await, known) {
            // An Endpoint that the Cloud has turned away takes nothing in that nobody would hear of.
            (Err(AuthError::CloudAway), Some(known)) if self.cloud.reach() == Reach::Away => known,
            (answer, _) => answer?,
        };
        Ok((good.caller, good.expires_at))
    }

    /// Asks the Cloud, once for all who want to know at the same time. The question is asked to its end, also when nobody waits.
    async fn ask(self: &Arc<Self>, hash: TokenHash, token: &str) -> Result<Good, AuthError> {
        let asking = {
            let mut all = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || {
                let (trust, token) = (Arc::clone(self), token.to_owned());
                let task = tokio::spawn(async move { trust.ask_and_remember(hash, &token).await });
                async move { task.await.unwrap_or(Err(AuthError::CloudAway)) }.boxed().shared()
            };
            all.entry(hash).or_insert_with(new).clone()
        };
        asking.await
    }

    async fn ask_and_remember(&self, hash: TokenHash, token: &str) -> Result<Good, AuthError> {
        let asked_at = self.clock.now();
        let answer = match self.cloud.verify(token).await {
            Ok(Verdict::Good(vouched)) => self.adopt(vouched, asked_at).await,
            Ok(Verdict::Bad) => Err(AuthError::Invalid),
            Ok(Verdict::Counted) => Err(AuthError::Counted),
            Err(CloudError::Away(_) | CloudError::Refused(_)) => Err(AuthError::CloudAway),
        };
        match &answer {
            Ok(good) => self.good.insert(hash, good.clone()),
            Err(AuthError::Invalid | AuthError::Counted) => self.good.invalidate(&hash),
            Err(_) => {}
        }
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        answer
    }

    /// Keeps what the Cloud says of an account, and reads what it says of the caller.
    async fn adopt(&self, vouched: Vouched, now: Timestamp) -> Result<Good, AuthError> {
        let account = AccountId(vouched.account);
        let scopes = vouched.scopes().ok_or(AuthError::Invalid)?;
        let expires_at = Timestamp::from_millis(vouched.expires_at);
        let mut public_keys = Vec::new();
        for line in &vouched.public_keys {
            let der = STANDARD.decode(line).map_err(|_| AuthError::Invalid)?;
            let key = PublicKey::from_der(&der).map_err(|_| AuthError::Invalid)?;
            public_keys.push(key.as_der().to_vec());
        }
        let quota_left = vouched.quota_left;
        let adopted = self.db.write(move |s| {
            Box::pin(async move {
                if !accounts::put_shadow(s, account, quota_left, now).await? {
                    return Ok(false);
                }
                let known = keys::verification_keys(s, account, now).await?;
                if !known.iter().map(|key| &key.public_key).eq(&public_keys) {
                    keys::expire_verification_keys(s, account, now).await?;
                    // The newest comes first in lists and last into the table.
                    for key in public_keys.iter().rev() {
                        keys::insert_verification_key(s, account, key, None, now).await?;
                    }
                }
                Ok::<_, DbError>(true)
            })
        });
        if !adopted.await? {
            tracing::error!(
                account = account.0,
                "an account that registered here has the id of one of the Cloud's"
            );
            return Err(AuthError::CloudAway);
        }
        let terms = KeyTerms {
            scopes,
            expires_at: Some(expires_at),
            max_uses: None,
            name_prefix: vouched.name_prefix,
        };
        let caller = Caller { account, key: vouched.key, prefix: vouched.key_prefix, terms, uses: 0 };
        Ok(Good { caller, expires_at, confirmed_at: now })
    }
}
