//! Fetching from the outside. 127.0.0.2 stands for the public internet here, 127.0.0.1 for what must not be reached.

mod bodies;
mod forbidden;
mod pool;
mod redirects;
mod tls;

use std::{sync::Arc, time::Duration};

use tidegate::fetch::{FetchError, FetchLimits, FetchRequest, Fetched, Fetcher, Guard, system_tls};

use crate::support::{origin::Names, soon};

/// An address that the guard of these tests lets pass.
pub const PUBLIC: [u8; 4] = [127, 0, 0, 2];

pub fn guard() -> Guard {
    Guard::public().and_network("127.0.0.2/32".parse().unwrap())
}

/// Short for what a test waits for, long for the rest.
pub fn limits() -> FetchLimits {
    FetchLimits {
        connect: Duration::from_secs(30),
        first_byte: Duration::from_secs(30),
        ..FetchLimits::default()
    }
}

pub fn fetcher(names: &Arc<Names>) -> Fetcher {
    Fetcher::new(guard(), Arc::clone(names) as _, system_tls().unwrap(), limits())
}

/// One that knows `public.example`.
pub fn simple() -> Fetcher {
    fetcher(&Arc::new(Names::default().with("public.example", &[&["127.0.0.2"]])))
}

pub async fn get(fetcher: &Fetcher, url: &str) -> Result<Fetched, FetchError> {
    soon("an answer", fetcher.fetch(FetchRequest::get(url)?)).await
}

/// The kind of failure; the answer has no `Debug`.
pub async fn refusal(fetcher: &Fetcher, url: &str) -> Option<FetchError> {
    get(fetcher, url).await.err()
}
