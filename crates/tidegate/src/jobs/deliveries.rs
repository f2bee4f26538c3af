//! Sends messages to webhooks and callbacks. Who may be sent to by whom is in [`db::webhooks::outbox`](crate::db::webhooks::outbox),
//! when what is tried again in [`webhooks`](crate::webhooks).

use std::time::Duration;

use futures_util::future::join_all;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    clock::Timestamp,
    db::{
        DbError,
        webhooks::{
            deliveries::{self, Delivery, DeliveryStatus},
            outbox::{self, Claim, Share, Tried},
        },
    },
    fetch::{FetchError, FetchRequest},
    telemetry::metrics,
    webhooks::{Secret, after_failure, given_up, signature},
};

/// Messages that one receiver gets at once.
const TOGETHER: u32 = 4;
/// What a claim holds longer than its messages may take.
const SPARE: Duration = Duration::from_secs(45);
/// How often it is looked what is due when nobody rings: for tries that fall due, and for what came with a pin.
const LOOK: Duration = Duration::from_secs(1);
/// How often the log is tidied.
const TIDY: Duration = Duration::from_secs(60 * 60);
/// Messages that one transaction forgets.
const FORGOTTEN: u32 = 1000;
/// How long what is being sent may take on when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What of an answer's body is read, so that the connection can be used again.
const ANSWER_BYTES: usize = 4 << 10;

/// Sends until `stop`. What is under way then has a little time to end; else the next process sends it again.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let sender = Sender { app };
    if let Err(error) = sender.release().await {
        tracing::warn!(%error, "messages that an earlier process was sending are sent in a minute only");
    }
    let mut sending = JoinSet::new();
    let mut tidy_at = Timestamp::MIN;
    while !stop.is_cancelled() {
        if sender.app.clock.now() >= tidy_at {
            sender.tidy().await;
            tidy_at = sender.app.clock.now().plus(TIDY);
        }
        sender.begin(&mut sending).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = sender.app.webhooks.rung() => {}
            Some(_) = sending.join_next() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    let ended = timeout(LAST_WORDS, async { while sending.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::info!("messages that were being sent are sent again after the next start");
    }
}

#[derive(Clone)]
struct Sender {
    app: App,
}

impl Sender {
    async fn release(&self) -> Result<u64, DbError> {
        let (node, now) = (self.app.pins.node().to_owned(), self.app.clock.now());
        self.app.db.write(move |s| Box::pin(async move { outbox::release(s, &node, now).await })).await
    }

    /// Begins to send what is due, as far as there is room.
    async fn begin(&self, sending: &mut JoinSet<()>) {
        while sending.len() < self.app.config.webhooks.at_once {
            match self.claim().await {
                Ok(Some((claim, holder))) => {
                    let sender = self.clone();
                    sending.spawn(async move { sender.work(claim, &holder).await });
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for messages to send; trying again soon");
                    return;
                }
            }
        }
    }

    async fn claim(&self) -> Result<Option<(Claim, String)>, DbError> {
        let (settings, now) = (&self.app.config.webhooks, self.app.clock.now());
        let due = self.app.db.read(|s| Box::pin(outbox::next_due(s))).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(None);
        }
        let share = Share {
            lease: settings.timeout + SPARE,
            messages: TOGETHER,
            of_account: u32::try_from(settings.at_once.div_ceil(4)).unwrap_or(u32::MAX),
        };
        let holder = format!("{}/{}", self.app.pins.node(), uuid::Uuid::now_v7());
        let claiming = holder.clone();
        let claimed = self
            .app
            .db
            .write(move |s| Box::pin(async move { outbox::claim(s, &claiming, share, now).await }))
            .await?;
        Ok(claimed.map(|claim| (claim, holder)))
    }

    /// Sends what was claimed. What the database refuses then is sent again when the claim has run out.
    async fn work(&self, claim: Claim, holder: &str) {
        let tried = match self.app.webhooks.secrets(&claim.webhook) {
            Ok(secrets) => {
                join_all(claim.messages.iter().map(|message| self.try_one(&claim, message, &secrets))).await
            }
            Err(error) => {
                tracing::error!(webhook = claim.webhook.id, %error, "the secret of a webhook cannot be opened with this server's key");
                let reason = "the server cannot sign it";
                claim.messages.iter().map(|message| self.failed(message, None, reason)).collect()
            }
        };
        let ids = claim.messages.iter().map(|message| message.message.id.clone());
        let tried: Vec<_> = ids.zip(tried).collect();
        let (webhook, holder, now) = (claim.webhook.id, holder.to_owned(), self.app.clock.now());
        let id = webhook.clone();
        let given_back = self
            .app
            .db
            .write(move |s| {
                Box::pin(async move { outbox::give_back(s, &webhook, &holder, &tried, now).await })
            })
            .await;
        if let Err(error) = given_back {
            tracing::warn!(webhook = id, %error, "messages were sent, and may be sent again");
        }
    }

    async fn try_one(&self, claim: &Claim, message: &Delivery, secrets: &[Secret]) -> Tried {
        let patience = self.app.config.webhooks.timeout;
        let sent = timeout(patience, self.send(claim, message, secrets)).await;
        let tried = match sent.unwrap_or(Err(FetchError::Timeout)) {
            Ok(status) if status.is_success() => Tried {
                status: DeliveryStatus::Delivered,
                status_code: Some(status.as_u16()),
                reason: None,
                again_at: None,
            },
            Ok(status) => {
                let reason = format!("the receiver answered with status {}", status.as_u16());
                self.failed(message, Some(status), &reason)
            }
            Err(error) => self.failed(message, None, words(error)),
        };
        metrics::message_sent(match tried.status {
            DeliveryStatus::Pending => "retried",
            ended => ended.as_str(),
        });
        tried
    }

    async fn send(
        &self,
        claim: &Claim,
        message: &Delivery,
        secrets: &[Secret],
    ) -> Result<StatusCode, FetchError> {
        let (now, message) = (self.app.clock.now(), &message.message);
        let url = message.url.as_ref().or(claim.webhook.url.as_ref()).ok_or(FetchError::BadUrl)?;
        let signed = signature(secrets, &message.id, now, &message.payload);
        let value = |text: String| HeaderValue::try_from(text).map_err(|_| FetchError::BadUrl);
        let request = FetchRequest::get(url)?
            .with_method(Method::POST)
            .with_header(header::ACCEPT, HeaderValue::from_static("*/*"))
            .with_header(HeaderName::from_static("webhook-id"), value(message.id.clone())?)
            .with_header(HeaderName::from_static("webhook-timestamp"), value(now.as_seconds().to_string())?)
            .with_header(HeaderName::from_static("webhook-signature"), value(signed)?)
            .with_body(HeaderValue::from_static("application/json"), message.payload.clone().into());
        let answer = self.app.outgoing.webhooks.fetch_unredirected(request).await?;
        // The status is the answer, whatever comes behind it.
        let _ = timeout(Duration::from_secs(1), answer.body.collect(ANSWER_BYTES)).await;
        Ok(answer.status)
    }

    fn failed(&self, message: &Delivery, status: Option<StatusCode>, reason: &str) -> Tried {
        let tries = message.tries + 1;
        // The end of an id is as good as random.
        let jitter =
            message.message.id.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        let status_code = status.map(|status| status.as_u16());
        match after_failure(tries, jitter) {
            Some(wait) => Tried {
                status: DeliveryStatus::Pending,
                status_code,
                reason: Some(reason.to_owned()),
                again_at: Some(self.app.clock.now().plus(wait)),
            },
            None => Tried {
                status: DeliveryStatus::Failed,
                status_code,
                reason: Some(given_up(reason, tries)),
                again_at: None,
            },
        }
    }

    /// Forgets what is older than the log is kept.
    async fn tidy(&self) {
        let cutoff = self.app.clock.now().minus(self.app.config.webhooks.keep);
        loop {
            let forgotten = self
                .app
                .db
                .write(move |s| Box::pin(async move { deliveries::forget(s, cutoff, FORGOTTEN).await }))
                .await;
            match forgotten {
                Ok(count) if count < u64::from(FORGOTTEN) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the log of messages is tidied later");
                    return;
                }
            }
        }
    }
}

/// What went wrong, for the account: nothing of where the receiver is, or of what is around this server.
fn words(error: FetchError) -> &'static str {
    match error {
        FetchError::BadUrl => "the address is not usable",
        FetchError::Refused => "the receiver lives at an address that is not public",
        FetchError::Unreachable => "the receiver cannot be reached",
        FetchError::Certificate => "the receiver has no valid certificate",
        FetchError::Timeout => "the receiver took too long",
        FetchError::TooManyRedirects | FetchError::TooLarge | FetchError::Broken => "the receiver broke off",
    }
}
