//! Who sends what: a process claims a webhook for a while, sends some of what is due there, and gives it back with what came of it.
//!
//! As the webhook is claimed and not the message, no receiver gets more at once than one claim holds, however many processes there
//! are, and one that is slow holds up nobody else. A process that dies gives nothing back; its claim ends by itself.

use std::time::Duration;

use crate::clock::Timestamp;

use super::super::statements::statements;
use super::super::{DbError, Session};
use super::Webhook;
use super::deliveries::{Delivery, DeliveryStatus, columns};

statements! {
    // Nobody has more than a share of all claims: one account's slow receivers are not to hold up those of others.
    DUE = "SELECT id FROM webhooks WHERE due_at IS NOT NULL AND due_at <= $1 AND
               (SELECT count(*) FROM webhooks AS held
                WHERE held.account_id = webhooks.account_id AND held.holder IS NOT NULL AND held.due_at > $1) < $2
           ORDER BY due_at, id LIMIT 16";
    NEXT_DUE = "SELECT due_at FROM webhooks WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";
    CLAIM = "UPDATE webhooks SET holder = $1, due_at = $2 WHERE id = $3 AND due_at <= $4 AND active = 1
             RETURNING id, account_id, url, events, active, secret, old_secret, old_secret_until, created_at, updated_at";
    OF_CLAIM = columns!("WHERE webhook_id = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3");
    HOLDS = "UPDATE webhooks SET holder = NULL WHERE id = $1 AND holder = $2";
    RECORD = "UPDATE deliveries SET status = $1, tries = tries + 1, status_code = $2, reason = $3, tried_at = $4, due_at = $5
              WHERE id = $6";
    // Behind all others that are due by now.
    GIVE_BACK = "UPDATE webhooks SET due_at = CASE WHEN active = 0 THEN NULL ELSE
                     (SELECT CASE WHEN min(deliveries.due_at) > $1 THEN min(deliveries.due_at)
                                  WHEN min(deliveries.due_at) IS NULL THEN NULL ELSE $1 END
                      FROM deliveries WHERE deliveries.webhook_id = webhooks.id AND deliveries.due_at IS NOT NULL) END
                 WHERE id = $2";
    // Holders begin with the name of their node and a slash; '0' is the character behind it.
    RELEASE = "UPDATE webhooks SET due_at = $1 WHERE due_at > $1 AND holder >= $2 AND holder < $3";
}

/// A webhook that is claimed, and what is to be sent there.
#[derive(Clone)]
pub struct Claim {
    /// Where.
    pub webhook: Webhook,
    /// What, oldest first.
    pub messages: Vec<Delivery>,
}

/// How a try to send a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What has become of the message.
    pub status: DeliveryStatus,
    /// What the receiver answered.
    pub status_code: Option<u16>,
    /// Why it was not taken.
    pub reason: Option<String>,
    /// When to try again.
    pub again_at: Option<Timestamp>,
}

/// How much is claimed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How long a claim holds.
    pub lease: Duration,
    /// Messages of one claim.
    pub messages: u32,
    /// Webhooks of one account that are claimed at the same time, over all processes.
    pub of_account: u32,
}

/// Claims the webhook that has had something to be sent for longest, for `holder`: a text that no other claim uses, now or later.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn claim(
    s: &mut Session<'_>,
    holder: &str,
    share: Share,
    now: Timestamp,
) -> Result<Option<Claim>, DbError> {
    let due = s.query(DUE, &[now.into(), i64::from(share.of_account).into()]).await?;
    for row in due {
        let id: String = row.get(0)?;
        // Another process may have been faster.
        let params = [holder.into(), now.plus(share.lease).into(), id.as_str().into(), now.into()];
        if let Some(row) = s.query_opt(CLAIM, &params).await? {
            let webhook = Webhook::from_row(&row)?;
            let params = [id.into(), now.into(), i64::from(share.messages).into()];
            let messages = s.query(OF_CLAIM, &params).await?;
            let messages = messages.iter().map(Delivery::from_row).collect::<Result<_, _>>()?;
            return Ok(Some(Claim { webhook, messages }));
        }
    }
    Ok(None)
}

/// When the next webhook falls due, or fell due.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn next_due(s: &mut Session<'_>) -> Result<Option<Timestamp>, DbError> {
    s.query_opt(NEXT_DUE, &[]).await?.map(|row| row.get(0)).transpose()
}

/// Gives a webhook back and writes down what came of its messages, by their ids. False, and nothing is written, when the claim is
/// not `holder`'s any more.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn give_back(
    s: &mut Session<'_>,
    webhook: &str,
    holder: &str,
    tried: &[(String, Tried)],
    now: Timestamp,
) -> Result<bool, DbError> {
    if s.execute(HOLDS, &[webhook.into(), holder.into()]).await? == 0 {
        return Ok(false);
    }
    for (id, tried) in tried {
        let params = [
            tried.status.as_str().into(),
            tried.status_code.map(i64::from).into(),
            tried.reason.as_deref().into(),
            now.into(),
            tried.again_at.into(),
            id.as_str().into(),
        ];
        s.execute(RECORD, &params).await?;
    }
    s.execute(GIVE_BACK, &[now.into(), webhook.into()]).await?;
    Ok(true)
}

/// Ends the claims of this node's earlier processes. A holder's text begins with its node and a slash.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn release(s: &mut Session<'_>, node: &str, now: Timestamp) -> Result<u64, DbError> {
    s.execute(RELEASE, &[now.into(), format!("{node}/").into(), format!("{node}0").into()]).await
}
