//! Every number the server exports at `/metrics`; the comment of a name is its help text.

use std::sync::OnceLock;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "tidegate_http_requests_total";
const SECONDS: &str = "tidegate_http_request_seconds";
const SENT: &str = "tidegate_http_response_bytes_total";
const CONNECTIONS: &str = "tidegate_http_connections";
const UPLOADS: &str = "tidegate_uploads_running";
const RECEIVED: &str = "tidegate_upload_bytes_total";
const PINNED: &str = "tidegate_pins_total";

/// Records numbers from here on and returns what prints them. One recorder a process, however many servers run in it.
pub fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Full(SECONDS.into()),
                &[
                    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
                    60.0,
                ],
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
        gauge!(CONNECTIONS).set(0);
        gauge!(UPLOADS).set(0);
        handle
    })
}

/// A request was answered to its end, or cut.
pub fn request_done(surface: &'static str, status: u16, seconds: f64, sent: u64) {
    let class = match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    counter!(REQUESTS, "surface" => surface, "status" => class).increment(1);
    counter!(SENT, "surface" => surface).increment(sent);
    histogram!(SECONDS, "surface" => surface).record(seconds);
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

/// A pin was made or renewed.
pub fn pinned(source: &'static str) {
    counter!(PINNED, "source" => source).increment(1);
}
