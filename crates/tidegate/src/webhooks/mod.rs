//! Telling accounts what becomes of their requests: webhooks and callbacks, signed as Standard Webhooks 1.0 says
//! (standardwebhooks.com).
//!
//! ```text
//! announce   what is written down with a change, in its transaction
//! message    what is sent: payloads
//! secret     what it is signed with
//! schedule   when a try that failed is made again
//! ```
//!
//! A message is a row that commits with the change it tells of, so none is lost and none tells of what did not happen. Who sends it
//! is [`jobs`](crate::jobs)' business.

mod announce;
mod message;
mod schedule;
mod secret;

use std::sync::Arc;

use tokio::sync::Notify;
use url::Url;

use crate::{
    accounts::{CryptoError, Purpose, Sealing, ServerKey},
    clock::Clock,
    db::{
        AccountId, Db, DbError, accounts,
        webhooks::{
            self as rows, Webhook,
            deliveries::{self, NewDelivery},
        },
    },
    fetch::FetchRequest,
};

pub use announce::{announce_removed, announce_result};
pub use message::Event;
pub use schedule::{after_failure, given_up};
pub use secret::{Secret, Shown, signature};

/// Webhooks of one account.
pub const MAX_WEBHOOKS: u64 = 20;
/// The longest URL, in bytes.
const MAX_URL: usize = 2048;
/// Why a webhook was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// It does not lead to where messages are sent.
    #[error("url is an http or https address of up to {MAX_URL} bytes")]
    BadUrl,
    /// No such event.
    #[error("events is a list of {}", Event::names())]
    BadEvents,
    /// The account has as many as it may.
    #[error("an account may have {MAX_WEBHOOKS} webhooks")]
    TooMany,
    /// Nothing is sent there.
    #[error("the webhook is not active")]
    Inactive,
    /// The account has none of that name.
    #[error("there is no such webhook")]
    Unknown,
    /// The webhook has no such message.
    #[error("there is no such delivery")]
    UnknownDelivery,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The cryptography library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Which of an account's webhooks is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one with this id.
    Id(String),
    /// That of callbacks.
    Callbacks,
}

/// What an account says about a webhook; what it leaves out stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Where messages go.
    pub url: Option<String>,
    /// The names of the events that are told.
    pub events: Option<Vec<String>>,
    /// Whether they are.
    pub active: Option<bool>,
}

/// The webhooks of this server. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(Arc<Parts>);

struct Parts {
    db: Arc<Db>,
    clock: Clock,
    sealing: Sealing,
    /// Rung when there is something to send at once.
    bell: Notify,
}

impl Webhooks {
    /// Those in `db`, with secrets sealed by `key`.
    ///
    /// # Errors
    /// [`CryptoError`] if the cryptography library fails.
    pub fn new(db: Arc<Db>, clock: Clock, key: &ServerKey) -> Result<Self, CryptoError> {
        let sealing = Sealing::for_purpose(key, Purpose::Webhooks)?;
        Ok(Self(Arc::new(Parts { db, clock, sealing, bell: Notify::new() })))
    }

    /// Makes a webhook; it is active unless the wish says otherwise.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn create(&self, account: AccountId, wish: Wish) -> Result<(Webhook, Shown), WebhookError> {
        let (now, secret) = (self.0.clock.now(), Secret::generate()?);
        let webhook = Webhook {
            id: uuid::Uuid::now_v7().to_string(),
            account,
            url: Some(checked_url(wish.url.as_deref().unwrap_or_default())?),
            events: checked_events(wish.events.unwrap_or_default())?,
            active: wish.active.unwrap_or(true),
            secret: self.0.sealing.seal(account, secret.bytes())?,
            old_secret: None,
            created_at: now,
            updated_at: now,
        };
        let made = webhook.clone();
        let write = self.0.db.try_write(move |s| {
            Box::pin(async move {
                accounts::lock(s, account).await?;
                if rows::count(s, account).await? >= MAX_WEBHOOKS {
                    return Err(WebhookError::TooMany);
                }
                Ok(rows::insert(s, &webhook).await?)
            })
        });
        write.await?;
        Ok((made, Shown { secret: secret.text(), old_until: None }))
    }

    /// Changes a webhook.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn change(&self, account: AccountId, id: String, wish: Wish) -> Result<Webhook, WebhookError> {
        let now = self.0.clock.now();
        let url = wish.url.as_deref().map(checked_url).transpose()?;
        let events = wish.events.map(checked_events).transpose()?;
        let write = self.0.db.try_write(move |s| {
            Box::pin(async move {
                accounts::lock(s, account).await?;
                let found = rows::find(s, account, &id).await?.ok_or(WebhookError::Unknown)?;
                let changed = Webhook {
                    url: url.or(found.url),
                    events: events.unwrap_or(found.events),
                    active: wish.active.unwrap_or(found.active),
                    updated_at: now,
                    ..found
                };
                rows::change(s, &changed, now).await?;
                Ok::<_, WebhookError>(changed)
            })
        });
        let changed = write.await?;
        self.ring();
        Ok(changed)
    }

    /// Removes a webhook, and what was still to be sent there.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn remove(&self, account: AccountId, id: String) -> Result<(), WebhookError> {
        let write = self.0.db.try_write(move |s| {
            Box::pin(async move {
                accounts::lock(s, account).await?;
                if rows::delete(s, account, &id).await? { Ok(()) } else { Err(WebhookError::Unknown) }
            })
        });
        write.await
    }

    /// Sends a message that tells of nothing; returns its id.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn ping(&self, account: AccountId, id: String) -> Result<String, WebhookError> {
        let now = self.0.clock.now();
        let webhook = self.find(account, Which::Id(id)).await?;
        let message = NewDelivery::new(message::PING, message::ping(&webhook.id, now));
        let id = message.id.clone();
        let write = self
            .0
            .db
            .write(move |s| Box::pin(async move { deliveries::insert(s, &webhook.id, &message, now).await }));
        if !write.await? {
            return Err(WebhookError::Inactive);
        }
        self.ring();
        Ok(id)
    }

    /// Sends a message once more, with its own id, whatever became of it.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn redeliver(
        &self,
        account: AccountId,
        which: Which,
        delivery: String,
    ) -> Result<(), WebhookError> {
        let now = self.0.clock.now();
        let webhook = self.find(account, which).await?;
        if !webhook.active {
            return Err(WebhookError::Inactive);
        }
        let write = self
            .0
            .db
            .write(move |s| Box::pin(async move { deliveries::again(s, &webhook.id, &delivery, now).await }));
        if !write.await? {
            return Err(WebhookError::UnknownDelivery);
        }
        self.ring();
        Ok(())
    }

    /// The webhook that is meant.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn find(&self, account: AccountId, which: Which) -> Result<Webhook, WebhookError> {
        match which {
            Which::Callbacks => self.callbacks(account).await,
            Which::Id(id) => {
                let read =
                    self.0.db.read(move |s| Box::pin(async move { rows::find(s, account, &id).await }));
                read.await?.ok_or(WebhookError::Unknown)
            }
        }
    }

    /// The account's place for callbacks, which is made when it is first needed: before a request with a callback is recorded.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn callbacks(&self, account: AccountId) -> Result<Webhook, WebhookError> {
        let read = self.0.db.read(move |s| Box::pin(rows::find_callbacks(s, account)));
        if let Some(known) = read.await? {
            return Ok(known);
        }
        let sealed = self.0.sealing.seal(account, Secret::generate()?.bytes())?;
        let (id, now) = (uuid::Uuid::now_v7().to_string(), self.0.clock.now());
        let write = self
            .0
            .db
            .write(move |s| Box::pin(async move { rows::callbacks_or(s, account, &id, &sealed, now).await }));
        Ok(write.await?)
    }

    /// Waits until there may be something to send. Somebody else's process may have recorded it, so this is no more than a hint.
    pub async fn rung(&self) {
        self.0.bell.notified().await;
    }

    /// Has what is due sent now.
    pub fn ring(&self) {
        self.0.bell.notify_one();
    }
}

/// An address that messages may be sent to, as far as can be told without looking up its name.
///
/// # Errors
/// [`WebhookError::BadUrl`]
pub fn checked_url(text: &str) -> Result<String, WebhookError> {
    let url = Url::parse(text).map_err(|_| WebhookError::BadUrl)?;
    if url.as_str().len() > MAX_URL || FetchRequest::get(url.as_str()).is_err() {
        return Err(WebhookError::BadUrl);
    }
    Ok(url.into())
}

fn checked_events(names: Vec<String>) -> Result<Vec<String>, WebhookError> {
    let mut events = Vec::new();
    for name in names {
        let event = Event::by_name(&name).ok_or(WebhookError::BadEvents)?.as_str().to_owned();
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if events.is_empty() { Err(WebhookError::BadEvents) } else { Ok(events) }
}
