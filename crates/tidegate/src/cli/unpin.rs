//! `tidegate unpin`: tells a server that some content is not wanted any more.

use anyhow::Context;
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;
use tidegate_content::parse_cid;

use super::{
    Failure, Output, block_on,
    client::{self, ApiKeyArg, UrlArg},
};

/// Remove all your pins of a CID from a server.
///
/// The content is no longer served at once, unless somebody else has pinned it too. It is removed from the disk after the
/// server's time of grace.
#[derive(Args)]
#[command(
    after_help = "Example:\n  tidegate unpin QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH\n\nThe key comes from `tidegate \
                  login`, or from TIDEGATE_URL and TIDEGATE_API_KEY."
)]
pub(super) struct Unpin {
    /// The content id, in any version and spelling
    #[arg(value_name = "CID")]
    cid: String,
    #[command(flatten)]
    url: UrlArg,
    #[command(flatten)]
    key: ApiKeyArg,
}

pub(super) fn run(command: Unpin, output: Output) -> Result<(), Failure> {
    let cid =
        parse_cid(&command.cid).with_context(|| format!("{:?}", command.cid)).map_err(Failure::Usage)?;
    let (address, key) = client::address_and_api_key(&command.url, command.key)?;
    block_on(async {
        let request = client::http()?.delete(address.join(&format!("/pinning/unpin/{cid}")));
        client::send(request.bearer_auth(key.expose_secret()), &address).await.map(drop)
    })?;
    Ok(output.result(&format!("Unpinned {cid}"), &json!({"unpinned": cid.to_string()}))?)
}
