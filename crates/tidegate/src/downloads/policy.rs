//! The operator's policy server, which may refuse what everything else allows: one question, and no answer is a no.

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde::Serialize;
use serde_json::Value;
use tidegate_ocean::{ProviderKey, keccak256};
use url::Url;

use crate::fetch::{FetchRequest, Fetcher};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The longest answer: it is a yes or a no.
const ANSWER_BYTES: usize = 64 << 10;

/// The policy server, if there is one.
pub struct Policy {
    server: Option<(Url, Fetcher)>,
    /// What this server is called in questions: `public` or `private`.
    access: &'static str,
}

/// What somebody is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To be told what access costs.
    Initialize,
    /// To download.
    Access,
}

/// Why something must not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    /// The policy server says so.
    #[error("the policy server says no")]
    Denied,
    /// The policy server says nothing that could be understood.
    #[error("the policy server cannot be asked")]
    Unavailable,
}

/// The question, as the reference asks it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    event_type: &'static str,
    component: &'static str,
    /// With its checksum.
    provider_address: String,
    provider_access: &'static str,
    credentials: Credentials<'a>,
    signature: String,
    dids: [Subject<'a>; 1],
}

#[derive(Serialize)]
struct Credentials<'a> {
    r#type: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject<'a> {
    did: &'a str,
    service_id: &'a str,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::Access => "access",
        }
    }
}

impl Policy {
    /// The server that the operator has set, and the client that asks it. It is told whether we are `private`.
    #[must_use]
    pub fn new(server: Option<(Url, Fetcher)>, private: bool) -> Self {
        Self { server, access: if private { "private" } else { "public" } }
    }

    /// Whether `consumer` (as it was sent) may do that with a service of an asset. The question is signed with `key`.
    ///
    /// # Errors
    /// They may not, or that cannot be found out.
    pub async fn check(
        &self,
        action: Action,
        consumer: &str,
        did: &str,
        service: &str,
        key: &ProviderKey,
    ) -> Result<(), PolicyRefusal> {
        let Some((server, fetcher)) = &self.server else { return Ok(()) };
        let question = Question {
            event_type: action.name(),
            component: "provider",
            provider_address: key.address().to_string(),
            provider_access: self.access,
            credentials: Credentials { r#type: "address", value: consumer },
            signature: sign(action, consumer, key),
            dids: [Subject { did, service_id: service }],
        };
        match ask(server, fetcher, &question).await {
            Some(answer) if is_yes(&answer) => Ok(()),
            Some(_) => Err(PolicyRefusal::Denied),
            None => {
                tracing::error!(
                    "the policy server of RBAC_SERVER_URL does not answer, so nothing is allowed"
                );
                Err(PolicyRefusal::Unavailable)
            }
        }
    }
}

async fn ask(server: &Url, fetcher: &Fetcher, question: &Question<'_>) -> Option<Value> {
    let body = Bytes::from(serde_json::to_vec(question).ok()?);
    let request = FetchRequest::get(server.as_str()).ok()?.with_method(Method::POST).with_body(JSON, body);
    let answer = fetcher.fetch(request).await.ok()?;
    if !answer.status.is_success() {
        return None;
    }
    serde_json::from_slice(&answer.body.collect(ANSWER_BYTES).await.ok()?).ok()
}

/// Over the action and the credentials as Python writes them.
fn sign(action: Action, consumer: &str, key: &ProviderKey) -> String {
    let consumer = Value::from(consumer);
    let text = format!("{}{{\"type\": \"address\", \"value\": {consumer}}}", action.name());
    format!("0x{}", hex::encode(key.sign_personal(&keccak256(text)).as_bytes()))
}

/// What Python takes for true.
fn is_yes(answer: &Value) -> bool {
    match answer {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}
