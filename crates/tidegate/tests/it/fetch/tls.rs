//! TLS: the certificate must be the host's.

use tidegate::fetch::FetchError;

use super::{PUBLIC, refusal, simple};
use crate::support::origin::{Origin, Reply};

#[tokio::test]
async fn what_does_not_speak_tls_is_not_spoken_to() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok("plain")).await;
    let url = origin.url_as("public.example", "/").replace("http:", "https:");
    assert!(matches!(
        refusal(&simple(), &url).await,
        Some(FetchError::Certificate | FetchError::Unreachable)
    ));
    assert!(!origin.asked().iter().any(|asked| asked.target == "/"));
}
