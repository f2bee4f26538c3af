//! Webhooks: where an account wants to be told what becomes of its requests. What is sent there is in `deliveries`.
//!
//! Whoever adds or removes one of an account [locks](super::accounts::lock) the account first. An account may have one more row,
//! without a URL: the secret and the log of callbacks, addresses that came with a single request.

pub mod deliveries;
pub mod outbox;

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Row, Session, Value};

/// The columns of a [`Webhook`] in its order, for the statements of this folder.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, account_id, url, events, active, secret, old_secret, old_secret_until, created_at, updated_at FROM webhooks ",
            $rest
        )
    };
}

statements! {
    COUNT = "SELECT webhooks FROM accounts WHERE id = $1";
    ADD_TO_COUNT = "UPDATE accounts SET webhooks = webhooks + $1 WHERE id = $2";
    INSERT = "INSERT INTO webhooks (id, account_id, url, events, active, secret, created_at, updated_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    INSERT_CALLBACKS = "INSERT INTO webhooks (id, account_id, url, events, active, secret, created_at, updated_at)
                        VALUES ($1, $2, NULL, '', 1, $3, $4, $4) ON CONFLICT (account_id) WHERE url IS NULL DO NOTHING";
    FIND = select!("WHERE account_id = $1 AND id = $2 AND url IS NOT NULL");
    FIND_CALLBACKS = select!("WHERE account_id = $1 AND url IS NULL");
    LIST = select!("WHERE account_id = $1 AND url IS NOT NULL ORDER BY created_at, id LIMIT 1000");
    // Whatever waits is sent as soon as the webhook is active again, and not before.
    CHANGE = "UPDATE webhooks SET url = $1, events = $2, active = $3, updated_at = $4,
                  due_at = CASE WHEN holder IS NOT NULL THEN due_at WHEN CAST($3 AS BIGINT) = 0 THEN NULL ELSE
                      (SELECT min(deliveries.due_at) FROM deliveries
                       WHERE deliveries.webhook_id = webhooks.id AND deliveries.due_at IS NOT NULL) END
              WHERE account_id = $5 AND id = $6 AND url IS NOT NULL";
    ROTATE = "UPDATE webhooks SET old_secret = secret, secret = $1, old_secret_until = $2, updated_at = $3
              WHERE account_id = $4 AND id = $5";
    DELETE = "DELETE FROM webhooks WHERE account_id = $1 AND id = $2 AND url IS NOT NULL";
}

/// A webhook as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name for itself, which its account sees.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it leads; nothing for callbacks, each of which says so itself.
    pub url: Option<String>,
    /// The names of the events that are sent.
    pub events: Vec<String>,
    /// Whether anything is sent.
    pub active: bool,
    /// What messages are signed with, sealed.
    pub secret: Vec<u8>,
    /// What they were signed with before, and until when they still are.
    pub old_secret: Option<(Vec<u8>, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

impl Webhook {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let events: String = row.get(3)?;
        let (old, until): (Option<Vec<u8>>, Option<Timestamp>) = (row.get(6)?, row.get(7)?);
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            url: row.get(2)?,
            events: events.split_whitespace().map(str::to_owned).collect(),
            active: row.get::<i64>(4)? != 0,
            secret: row.get(5)?,
            old_secret: old.zip(until),
            created_at: row.get(8)?,
            updated_at: row.get(9)?,
        })
    }
}

/// How many webhooks the account has, callbacks left aside. Where there is none, this is all that it costs.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count(s: &mut Session<'_>, account: AccountId) -> Result<u64, DbError> {
    s.query_opt(COUNT, &[account.into()]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Adds a webhook with a URL.
///
/// # Errors
///
/// [`DbError`] of the engine, also when there is no such account.
pub async fn insert(s: &mut Session<'_>, webhook: &Webhook) -> Result<(), DbError> {
    let params = [
        webhook.id.as_str().into(),
        webhook.account.into(),
        webhook.url.as_deref().into(),
        webhook.events.join(" ").into(),
        i64::from(webhook.active).into(),
        webhook.secret.as_slice().into(),
        webhook.created_at.into(),
    ];
    s.execute(INSERT, &params).await?;
    s.execute(ADD_TO_COUNT, &[1_i64.into(), webhook.account.into()]).await.map(drop)
}

/// The account's row for callbacks, made with this id and secret if it is not there yet.
///
/// # Errors
///
/// [`DbError`] of the engine, also when there is no such account.
pub async fn callbacks_or(
    s: &mut Session<'_>,
    account: AccountId,
    id: &str,
    secret: &[u8],
    now: Timestamp,
) -> Result<Webhook, DbError> {
    s.execute(INSERT_CALLBACKS, &[id.into(), account.into(), secret.into(), now.into()]).await?;
    Webhook::from_row(&s.query_one(FIND_CALLBACKS, &[account.into()]).await?)
}

/// The account's row for callbacks, if there is one.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_callbacks(s: &mut Session<'_>, account: AccountId) -> Result<Option<Webhook>, DbError> {
    s.query_opt(FIND_CALLBACKS, &[account.into()]).await?.as_ref().map(Webhook::from_row).transpose()
}

/// The account's webhook with this id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find(s: &mut Session<'_>, account: AccountId, id: &str) -> Result<Option<Webhook>, DbError> {
    s.query_opt(FIND, &[account.into(), id.into()]).await?.as_ref().map(Webhook::from_row).transpose()
}

/// The account's webhooks, oldest first.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list(s: &mut Session<'_>, account: AccountId) -> Result<Vec<Webhook>, DbError> {
    s.query(LIST, &[account.into()]).await?.iter().map(Webhook::from_row).collect()
}

/// Writes what may change of a webhook: URL, events, whether it is active. False when there is no such webhook.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn change(s: &mut Session<'_>, webhook: &Webhook, now: Timestamp) -> Result<bool, DbError> {
    let params = [
        webhook.url.as_deref().into(),
        webhook.events.join(" ").into(),
        i64::from(webhook.active).into(),
        now.into(),
        webhook.account.into(),
        webhook.id.as_str().into(),
    ];
    Ok(s.execute(CHANGE, &params).await? == 1)
}

/// Gives the webhook a new secret; the old one signs beside it until `old_until`. False when there is no such webhook.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn rotate(
    s: &mut Session<'_>,
    account: AccountId,
    id: &str,
    secret: &[u8],
    old_until: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let params: [Value; 5] = [secret.into(), old_until.into(), now.into(), account.into(), id.into()];
    Ok(s.execute(ROTATE, &params).await? == 1)
}

/// Removes a webhook with all that was or is to be sent. False when there is no such webhook.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete(s: &mut Session<'_>, account: AccountId, id: &str) -> Result<bool, DbError> {
    let deleted = s.execute(DELETE, &[account.into(), id.into()]).await? == 1;
    if deleted {
        s.execute(ADD_TO_COUNT, &[(-1_i64).into(), account.into()]).await?;
    }
    Ok(deleted)
}
