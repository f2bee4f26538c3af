//! Every number the server exports at `/metrics`; the comment of a name is its help text.

use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use metrics::{
    Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "tidegate_http_requests_total";
const SECONDS: &str = "tidegate_http_request_seconds";
const SENT: &str = "tidegate_http_response_bytes_total";
const CONNECTIONS: &str = "tidegate_http_connections";
const UPLOADS: &str = "tidegate_uploads_running";
const RECEIVED: &str = "tidegate_upload_bytes_total";
const COLLECTED: &str = "tidegate_collected_total";
const COLLECTED_BYTES: &str = "tidegate_collected_bytes_total";
const PINNED: &str = "tidegate_pins_total";
const CHAIN_ASKED: &str = "tidegate_chain_requests_total";
const CHAIN_SECONDS: &str = "tidegate_chain_request_seconds";
const OUTBOX: &str = "tidegate_outbox_entries";
const CLOUD: &str = "tidegate_cloud_reachable";
const LIVE: &str = "tidegate_endpoints_live";
const PROOFS: &str = "tidegate_chain_proofs_total";
const MESSAGES: &str = "tidegate_webhook_messages_total";

/// Records numbers from here on and returns what prints them. One recorder a process, however many servers run in it.
pub fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Suffix("_request_seconds".into()),
                &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0],
            )
            .expect("the list of buckets is not empty")
            .install_recorder()
            .expect("no other recorder is installed");
        describe_counter!(REQUESTS, "Requests answered, by surface and status class");
        describe_histogram!(
            SECONDS,
            Unit::Seconds,
            "Time from a request's head to the last byte of its answer"
        );
        describe_counter!(SENT, Unit::Bytes, "Bytes of response bodies sent, by surface");
        describe_gauge!(CONNECTIONS, "Connections open now");
        describe_gauge!(UPLOADS, "Uploads being received now");
        describe_counter!(RECEIVED, Unit::Bytes, "Bytes of content received in uploads");
        describe_counter!(PINNED, "Pins made or renewed, by how they came");
        describe_counter!(COLLECTED, "Contents removed because nobody had them pinned any more");
        describe_counter!(COLLECTED_BYTES, Unit::Bytes, "Bytes of the files of contents removed");
        describe_counter!(CHAIN_ASKED, "Questions to the RPCs of a chain, by chain, RPC and outcome");
        describe_histogram!(CHAIN_SECONDS, Unit::Seconds, "Time until an RPC answered or failed");
        describe_counter!(PROOFS, "Proofs of downloads for a chain, by chain and outcome");
        describe_counter!(MESSAGES, "Tries to send a message to a webhook or callback, by outcome");
        describe_gauge!(OUTBOX, "What this Endpoint has not yet told its Cloud");
        describe_gauge!(CLOUD, "Whether this Endpoint reached its Cloud last time: 1 or 0");
        describe_gauge!(LIVE, "Endpoints of this Cloud that were heard of lately");
        gauge!(CONNECTIONS).set(0);
        gauge!(UPLOADS).set(0);
        handle
    })
}

/// A request was answered to its end, or cut.
pub fn request_done(surface: Surface, status: u16, seconds: f64, sent: u64) {
    let counts = surface.counts();
    let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
    counts.requests[class].increment(1);
    counts.sent.increment(sent);
    counts.seconds.record(seconds);
}

/// The classes of statuses, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The part of the server that a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// `/ipfs`
    Gateway,
    /// What the Cloud of the Decoo API answers.
    Cloud,
    /// What its Endpoints answer.
    Endpoint,
    /// The Pinning Service API.
    PinningService,
    /// Selling access.
    Provider,
    /// Tidegate's own API.
    OwnApi,
    /// Pages for people.
    Panel,
    /// For operators.
    Operations,
    /// Everything else.
    Other,
}

/// What is counted for one surface. To find a metric by its labels costs more than to count, so it is done once.
struct SurfaceCounts {
    requests: [Counter; CLASSES.len()],
    sent: Counter,
    seconds: Histogram,
}

impl Surface {
    const ALL: [Self; 9] = [
        Self::Gateway,
        Self::Cloud,
        Self::Endpoint,
        Self::PinningService,
        Self::Provider,
        Self::OwnApi,
        Self::Panel,
        Self::Operations,
        Self::Other,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Cloud => "cloud",
            Self::Endpoint => "endpoint",
            Self::PinningService => "psa",
            Self::Provider => "provider",
            Self::OwnApi => "api",
            Self::Panel => "panel",
            Self::Operations => "operations",
            Self::Other => "other",
        }
    }

    fn counts(self) -> &'static SurfaceCounts {
        static COUNTS: LazyLock<[SurfaceCounts; Surface::ALL.len()]> = LazyLock::new(|| {
            // Before there is a recorder, a metric would count nothing for ever.
            recorder();
            Surface::ALL.map(|surface| SurfaceCounts::new(surface.label()))
        });
        &COUNTS[self as usize]
    }
}

impl SurfaceCounts {
    fn new(surface: &'static str) -> Self {
        Self {
            requests: CLASSES.map(|class| counter!(REQUESTS, "surface" => surface, "status" => class)),
            sent: counter!(SENT, "surface" => surface),
            seconds: histogram!(SECONDS, "surface" => surface),
        }
    }
}

/// Counts something as running until dropped.
pub struct Running(&'static str);

impl Running {
    /// A connection.
    pub fn connection() -> Self {
        Self::new(CONNECTIONS)
    }

    /// An upload.
    pub fn upload() -> Self {
        Self::new(UPLOADS)
    }

    fn new(name: &'static str) -> Self {
        gauge!(name).increment(1);
        Self(name)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1);
    }
}

/// Content came in.
pub fn received(bytes: u64) {
    counter!(RECEIVED).increment(bytes);
}

/// A content that nobody had pinned any more was removed, and a file of so many bytes with it.
pub fn collected(bytes: u64) {
    counter!(COLLECTED).increment(1);
    counter!(COLLECTED_BYTES).increment(bytes);
}

/// A pin was made or renewed.
pub fn pinned(source: &'static str) {
    counter!(PINNED, "source" => source).increment(1);
}

/// The RPC at `position` of a chain was asked. RPCs are named by position alone: URLs hold keys.
pub fn chain_asked(chain: Option<u64>, position: usize, outcome: &'static str, took: Duration) {
    let chain = chain.map_or_else(|| "unknown".into(), |chain| chain.to_string());
    let rpc = position.to_string();
    histogram!(CHAIN_SECONDS, "chain" => chain.clone(), "rpc" => rpc.clone()).record(took);
    counter!(CHAIN_ASKED, "chain" => chain, "rpc" => rpc, "outcome" => outcome).increment(1);
}

/// A message was sent, or could not be. `outcome`: `delivered`, `retried` (it is sent again) or `failed`.
pub fn message_sent(outcome: &'static str) {
    counter!(MESSAGES, "outcome" => outcome).increment(1);
}

/// So much is still to be told the Cloud.
pub fn untold(entries: u64) {
    gauge!(OUTBOX).set(number(entries));
}

/// The Cloud was reached, or not.
pub fn cloud_reachable(reached: bool) {
    gauge!(CLOUD).set(if reached { 1.0 } else { 0.0 });
}

/// So many Endpoints are there.
pub fn endpoints_live(count: usize) {
    gauge!(LIVE).set(number(count as u64));
}

/// For a gauge. What is more than it can count exactly does not come up.
fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What became of a proof of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proven {
    /// It is on the chain.
    Written,
    /// The datatoken's contract does not know proofs.
    NotTaken,
    /// It could not be sent.
    Lost,
}

/// A proof is done with.
pub fn proof_done(chain: u64, outcome: Proven) {
    let outcome = match outcome {
        Proven::Written => "written",
        Proven::NotTaken => "not-taken",
        Proven::Lost => "lost",
    };
    counter!(PROOFS, "chain" => chain.to_string(), "outcome" => outcome).increment(1);
}
