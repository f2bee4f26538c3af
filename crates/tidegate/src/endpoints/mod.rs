//! The Cloud's side of its Endpoints: who they are, and who works on what. What they tell of jobs and pins is taken in by
//! [`pins`](crate::pins); how the Cloud looks to an Endpoint is in [`cloud`](crate::cloud).
//!
//! An Endpoint joins with the one-time token of an invitation and is known by a secret of its own from then on. Neither is kept
//! here, only their hashes. The Cloud never calls an Endpoint: those may be where nobody can reach them.

mod giving;

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tidegate_content::sha256;
use url::Url;

use crate::{
    accounts::{CryptoError, new_token},
    clock::{Clock, Timestamp},
    cloud::wire::{Application, Joined, Portrait},
    config,
    db::{
        Db, DbError, EndpointId,
        endpoints::{self, Endpoint, SelfPortrait},
        errands,
    },
};

/// How long an invitation is good.
pub const INVITATION: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest name of an Endpoint, in bytes.
const NAME_BYTES: usize = 255;
/// The longest secret, token or version, in bytes.
const TEXT_BYTES: usize = 256;
/// The longest address, in bytes.
const URL_BYTES: usize = 2048;
/// A shorter secret could be guessed.
const SECRET_BYTES: usize = 32;

/// The Endpoints of this Cloud.
#[derive(Debug)]
pub struct Endpoints {
    db: Arc<Db>,
    clock: Clock,
    live_for: Duration,
    wait_for: Duration,
}

/// Why an Endpoint may not join, or is not heard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No Endpoint can have this name.
    #[error("the name of an Endpoint has 1 to 255 bytes and no control characters")]
    BadName,
    /// What it says of itself makes no sense.
    #[error("an Endpoint has an address of http or https without a query, and a version")]
    BadPortrait,
    /// Nobody was given such a token.
    #[error("there is no such registration token; `tidegate endpoint invite` on the Cloud makes one")]
    NoSuchToken,
    /// Another Endpoint has come with it.
    #[error(
        "this registration token was used by another Endpoint; `tidegate endpoint invite` on the Cloud makes a new one"
    )]
    TokenUsed,
    /// It is over.
    #[error("this registration token has expired; `tidegate endpoint invite` on the Cloud makes a new one")]
    TokenExpired,
    /// An Endpoint has it, or had it before it was removed.
    #[error(
        "this Endpoint has joined before, and was removed since; without its file endpoint.key it can join as a new one"
    )]
    SecretTaken,
    /// Nobody has this secret, or whoever had it was removed.
    #[error("this Cloud knows no such Endpoint, or has removed it")]
    Unknown,
    /// No randomness.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Endpoints {
    /// The Endpoints in `db`.
    pub fn new(db: Arc<Db>, clock: Clock, config: &config::Endpoint) -> Self {
        Self { db, clock, live_for: config.live_for, wait_for: config.wait_for }
    }

    /// Makes a one-time token with which an Endpoint can join under this name, within a day.
    ///
    /// # Errors
    /// [`EndpointError::BadName`], or a failure.
    pub async fn invite(&self, name: &str) -> Result<(SecretString, Timestamp), EndpointError> {
        if name.is_empty() || name.len() > NAME_BYTES || name.contains(char::is_control) {
            return Err(EndpointError::BadName);
        }
        let token = new_token()?;
        let (hash, name) = (hash(token.expose_secret()), name.to_owned());
        let until = self.clock.now().plus(INVITATION);
        self.db
            .write(move |s| Box::pin(async move { endpoints::insert_invite(s, &hash, &name, until).await }))
            .await?;
        Ok((token, until))
    }

    /// Lets an Endpoint join. One that asks again, since it did not hear the answer, has joined.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub async fn join(&self, application: Application) -> Result<Joined, EndpointError> {
        let Application { token, secret, endpoint } = application;
        if token.len() > TEXT_BYTES || !(SECRET_BYTES..=TEXT_BYTES).contains(&secret.len()) {
            return Err(EndpointError::NoSuchToken);
        }
        let says = self_portrait(endpoint)?;
        let (token, secret, now) = (hash(&token), hash(&secret), self.clock.now());
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    let invite =
                        endpoints::find_invite(s, &token).await?.ok_or(EndpointError::NoSuchToken)?;
                    let name = invite.name;
                    if let Some(known) = endpoints::find_by_secret(s, &secret).await? {
                        let has_joined = known.removed_at.is_none() && invite.used_by == Some(known.id);
                        return if has_joined {
                            Ok(Joined { id: known.id.0, name })
                        } else {
                            Err(EndpointError::SecretTaken)
                        };
                    }
                    let id = endpoints::insert_endpoint(s, &name, &says, &secret, now).await?;
                    // Of two that come at once, one is undone here.
                    if endpoints::use_invite(s, &token, id, now).await? {
                        Ok(Joined { id: id.0, name })
                    } else if invite.used_by.is_some() || invite.expires_at > now {
                        Err(EndpointError::TokenUsed)
                    } else {
                        Err(EndpointError::TokenExpired)
                    }
                })
            })
            .await
    }

    /// Whose secret this is.
    ///
    /// # Errors
    /// [`EndpointError::Unknown`] or a failure.
    pub async fn authenticate(&self, secret: &SecretString) -> Result<Endpoint, EndpointError> {
        let hash = hash(secret.expose_secret());
        let found =
            self.db.read(move |s| Box::pin(async move { endpoints::find_by_secret(s, &hash).await })).await?;
        found.filter(|endpoint| endpoint.removed_at.is_none()).ok_or(EndpointError::Unknown)
    }

    /// All that were not removed, in order of id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn list(&self) -> Result<Vec<Endpoint>, DbError> {
        self.db.read(|s| Box::pin(endpoints::list_endpoints(s))).await
    }

    /// Those that were heard of lately.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn live(&self) -> Result<Vec<Endpoint>, DbError> {
        let since = self.live_since();
        self.db.read(move |s| Box::pin(endpoints::live_endpoints(s, since))).await
    }

    /// Was it heard of lately?
    #[must_use]
    pub fn is_live(&self, endpoint: &Endpoint) -> bool {
        endpoint.seen_at >= self.live_since()
    }

    /// The address of an Endpoint that is there and serves this root to everybody.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn holder_of(&self, root: String) -> Result<Option<String>, DbError> {
        let since = self.live_since();
        self.db.read(move |s| Box::pin(async move { endpoints::live_holder(s, &root, since).await })).await
    }

    /// Removes an Endpoint: from now on nothing that it says counts. What it was to do goes to others; what it holds stays in the
    /// lists of those who pinned it. False when there is no such Endpoint.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn remove(&self, id: EndpointId) -> Result<bool, DbError> {
        let now = self.clock.now();
        let removed = self
            .db
            .write(move |s| {
                Box::pin(async move {
                    errands::forget_all(s, id).await?;
                    endpoints::remove_endpoint(s, id, now).await
                })
            })
            .await?;
        if removed {
            while self.take_from(id).await? {}
        }
        Ok(removed)
    }

    fn live_since(&self) -> Timestamp {
        self.clock.now().minus(self.live_for)
    }
}

/// What an Endpoint says of itself, checked.
///
/// # Errors
/// [`EndpointError::BadPortrait`].
pub fn self_portrait(says: Portrait) -> Result<SelfPortrait, EndpointError> {
    let is_version = says.version.len() <= TEXT_BYTES && !says.version.contains(char::is_control);
    let url = server_address(&says.url).filter(|_| is_version).ok_or(EndpointError::BadPortrait)?;
    Ok(SelfPortrait { url, version: says.version, free_bytes: says.free_bytes })
}

/// The address of a server, without a slash at the end, if `text` is one that can be told to everybody.
fn server_address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (is_plain && text.len() <= URL_BYTES).then(|| text.trim_end_matches('/').to_owned())
}

fn hash(secret: &str) -> [u8; 32] {
    sha256(&[secret.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoints_address_leads_to_a_server() {
        assert_eq!(server_address("https://hk.example.org/").as_deref(), Some("https://hk.example.org"));
        let long = format!("http://a/{}", "a".repeat(URL_BYTES));
        for bad in ["", "hk.example.org", "ftp://a", "http://u:p@a", "http://a/?q=1", "http://a#b", &long] {
            assert_eq!(server_address(bad), None, "{bad}");
        }
    }
}
