//! What tests stand on: databases, servers, people, content.

pub mod answer;
pub mod aquarius;
pub mod binary;
pub mod browser;
pub mod chain;
pub mod content;
pub mod dag;
pub mod databases;
pub mod form;
pub mod market;
pub mod mempool;
pub mod origin;
pub mod person;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod server;
pub mod tarball;
pub mod tus;
pub mod wallet;
pub mod wire;

use std::time::Duration;

/// Longer than anything in these tests takes; only a test that hangs meets it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `holds` says so: for what happens soon after an answer, such as a folder being tidied.
///
/// # Panics
///
/// When that does not happen within a minute.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(2));
    let waiting = async {
        while !holds().await {
            ticks.tick().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "it never happened: {what}");
}

/// Waits for `future`, but not for ever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("it never happened: {what}"))
}
