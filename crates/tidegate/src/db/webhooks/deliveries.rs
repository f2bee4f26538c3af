//! Messages to webhooks and what became of them: recorded with the change they tell of, listed for their account, forgotten after
//! a while. Who sends which is in `outbox`.

use crate::clock::Timestamp;

use super::super::statements::statements;
use super::super::value::{FromValue, Value};
use super::super::{AccountId, DbError, Row, Session};

/// The columns of a [`Delivery`] in its order, for the statements of this folder.
macro_rules! columns {
    ($rest:expr) => {
        concat!(
            "SELECT deliveries.id, webhook_id, event, deliveries.url, payload, status, tries, status_code, reason, \
             deliveries.created_at, tried_at, deliveries.due_at FROM deliveries ",
            $rest
        )
    };
}
pub(super) use columns;

statements! {
    // Also where nothing changes, the row is written: whoever is about to say that nothing is left to send waits, and sees it.
    RING = "UPDATE webhooks SET due_at = CASE WHEN holder IS NULL AND (due_at IS NULL OR due_at > $1) THEN $1 ELSE due_at END
            WHERE id = $2 AND active = 1";
    INSERT = "INSERT INTO deliveries (id, webhook_id, event, url, payload, status, created_at, due_at)
              VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6)";
    LIST = columns!("JOIN webhooks ON webhooks.id = webhook_id
                     WHERE account_id = $1 AND webhook_id = $2 AND deliveries.id < $3
                     ORDER BY webhook_id DESC, deliveries.id DESC LIMIT $4");
    AGAIN = "UPDATE deliveries SET status = 'pending', tries = 0, due_at = $1 WHERE webhook_id = $2 AND id = $3";
    FORGET = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
}

/// Behind every id of ours.
const LAST: &str = "n";

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It is to be sent, or sent again.
    Pending,
    /// Its receiver has taken it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl FromValue for DeliveryStatus {
    fn from_value(value: &Value) -> Option<Self> {
        let text = String::from_value(value)?;
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id, the same however often it is sent. Later ones sort behind.
    pub id: String,
    /// The name of its event.
    pub event: String,
    /// Where it goes, if not where its webhook says.
    pub url: Option<String>,
    /// What it says: JSON.
    pub payload: String,
}

impl NewDelivery {
    /// A message with an id that no other has.
    #[must_use]
    pub fn new(event: &str, payload: String) -> Self {
        let id = format!("msg_{}", uuid::Uuid::now_v7().simple());
        Self { id, event: event.to_owned(), url: None, payload }
    }
}

/// A message and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message.
    pub message: NewDelivery,
    /// The webhook it belongs to.
    pub webhook: String,
    /// What has become of it.
    pub status: DeliveryStatus,
    /// How often it was sent since it was asked for last.
    pub tries: u64,
    /// What its receiver answered last.
    pub status_code: Option<u64>,
    /// Why it was not taken, in words for its account.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last sent.
    pub tried_at: Option<Timestamp>,
    /// When it is sent next.
    pub due_at: Option<Timestamp>,
}

impl Delivery {
    pub(super) fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            message: NewDelivery {
                id: row.get(0)?,
                event: row.get(2)?,
                url: row.get(3)?,
                payload: row.get(4)?,
            },
            webhook: row.get(1)?,
            status: row.get(5)?,
            tries: row.get(6)?,
            status_code: row.get(7)?,
            reason: row.get(8)?,
            created_at: row.get(9)?,
            tried_at: row.get(10)?,
            due_at: row.get(11)?,
        })
    }
}

/// Records a message to an active webhook. False, and nothing is recorded, when there is no such webhook.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert(
    s: &mut Session<'_>,
    webhook: &str,
    message: &NewDelivery,
    now: Timestamp,
) -> Result<bool, DbError> {
    if s.execute(RING, &[now.into(), webhook.into()]).await? == 0 {
        return Ok(false);
    }
    let params = [
        message.id.as_str().into(),
        webhook.into(),
        message.event.as_str().into(),
        message.url.as_deref().into(),
        message.payload.as_str().into(),
        now.into(),
    ];
    s.execute(INSERT, &params).await?;
    Ok(true)
}

/// The newest messages to a webhook of the account, at most `limit`, without those from the id `before` on.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list(
    s: &mut Session<'_>,
    account: AccountId,
    webhook: &str,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Delivery>, DbError> {
    let before = before.unwrap_or(LAST);
    let params = [account.into(), webhook.into(), before.into(), i64::from(limit).into()];
    s.query(LIST, &params).await?.iter().map(Delivery::from_row).collect()
}

/// Has a message sent once more, as if it were new. False when the webhook is not active or has no such message.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn again(s: &mut Session<'_>, webhook: &str, id: &str, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(RING, &[now.into(), webhook.into()]).await? == 1
        && s.execute(AGAIN, &[now.into(), webhook.into(), id.into()]).await? == 1)
}

/// Removes the oldest messages that were made before `cutoff`, at most `limit`; returns how many.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn forget(s: &mut Session<'_>, cutoff: Timestamp, limit: u32) -> Result<u64, DbError> {
    s.execute(FORGET, &[cutoff.into(), i64::from(limit).into()]).await
}
