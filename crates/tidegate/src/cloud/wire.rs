//! What an Endpoint and its Cloud say to each other: JSON, names in camelCase, times in milliseconds since the epoch.
//!
//! The Endpoint speaks, the Cloud answers. A [`Report`] is a numbered message: one that comes after a later one is not taken in, so
//! that what is told is never older than what is known, whatever the network delays or repeats.

use serde::{Deserialize, Serialize};

use super::told::{JobState, Request};
use crate::db::scopes::Scopes;

/// The longest message that a Cloud takes, in bytes. An Endpoint's are not near it.
pub const MESSAGE_BYTES: usize = 16 << 20;

/// An Endpoint wants to join.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// The one-time token of its invitation.
    pub token: String,
    /// By which the Endpoint is known from then on. It chose it itself, so that asking again after an answer was lost is no harm.
    pub secret: String,
    /// What it says of itself.
    pub endpoint: Portrait,
}

/// What an Endpoint says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Portrait {
    /// The address under which clients reach it, without a slash at the end.
    pub url: String,
    /// The version of its program.
    pub version: String,
    /// Bytes of content that it has room for.
    pub free_bytes: u64,
}

/// The Endpoint has joined.
#[derive(Debug, Serialize, Deserialize)]
pub struct Joined {
    /// Its id, also in `/endpoint/list`.
    pub id: i64,
    /// Its name, which the invitation gave it.
    pub name: String,
}

/// Is this access token good?
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// The token.
    pub token: String,
}

/// What the Cloud says of an access token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It is good.
    Good(Vouched),
    /// It is not; why does not concern the Endpoint.
    Bad,
    /// It is good, but its key may be used so many times only, which the Endpoints of a Cloud cannot count together.
    Counted,
}

/// Whom a token stands for, and what they may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vouched {
    /// The account.
    pub account: i64,
    /// The id of the API key behind the token.
    pub key: String,
    /// What may be shown of the key.
    pub key_prefix: String,
    /// What the key may be used for: words with blanks between them.
    pub scopes: String,
    /// How the names of what is pinned with it begin.
    pub name_prefix: Option<String>,
    /// From this moment on the token is refused.
    pub expires_at: i64,
    /// The account's verification keys that count now, the newest first: SubjectPublicKeyInfo DER as base64.
    pub public_keys: Vec<String>,
    /// Bytes that the account may still pin.
    pub quota_left: u64,
}

/// A message of an Endpoint: that it is there, and what happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its number, greater than that of all before it.
    pub batch: u64,
    /// What the Endpoint says of itself.
    pub endpoint: Portrait,
    /// In order.
    pub news: Vec<Told>,
}

/// Something that happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Told {
    /// A job is like this now.
    Job(Box<JobState>),
    /// A job is no more.
    Gone {
        /// Whose it was.
        account: i64,
        /// Its id.
        job: String,
    },
    /// An errand is done.
    Done {
        /// Its id.
        errand: i64,
    },
}

/// The answer to a [`Report`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Was it taken in? If not, its number was not greater than `batch`.
    pub taken: bool,
    /// The number of the last message that was.
    pub batch: u64,
    /// What the Endpoint is to do, in order. Repeated until it has said that it is done.
    pub errands: Vec<Errand>,
}

/// Something an Endpoint is to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Errand {
    /// Its id.
    pub id: i64,
    /// Whose job it is about.
    pub account: i64,
    /// The job's id.
    pub job: String,
    /// What is to be done.
    pub task: Task,
}

/// See [`Errand`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Task {
    /// Work on this request.
    Pin {
        /// The request.
        request: Request,
        /// Bytes that the account may still pin.
        quota_left: u64,
    },
    /// Forget the job, and its pin.
    Remove,
}

impl Vouched {
    /// What the key may be used for.
    pub fn scopes(&self) -> Option<Scopes> {
        Scopes::parse(&self.scopes)
    }
}
