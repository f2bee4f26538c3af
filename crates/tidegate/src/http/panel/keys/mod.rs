//! The keys by which programs act for an account: API keys, and the key pair that content ids are signed with.

pub(super) mod jwt;
pub(super) mod verification_key;

use std::time::Duration;

use serde::Deserialize;

/// The CID of `hello world` in the profile that everybody knows: what snippets pin.
const HELLO_CID: &str = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD";

/// For how long what is replaced stays good.
#[derive(Deserialize)]
pub(super) struct Overlap {
    /// In seconds.
    overlap: u64,
}

impl Overlap {
    fn duration(&self) -> Duration {
        Duration::from_secs(self.overlap)
    }
}
