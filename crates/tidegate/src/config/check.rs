//! What settings must be together, once each is right by itself; and the key that is in a file of its own.

use std::{fs::File, io::Read as _, os::unix::fs::MetadataExt as _, path::Path};

use secrecy::SecretString;
use url::Url;
use zeroize::Zeroizing;

use super::{
    Config, Role,
    gateway::same_host,
    provider::{PerChain, parse_private_keys},
};

/// More than the keys of all chains there are.
const MAX_KEY_FILE: u64 = 64 << 10;

/// Each takes up to 2 KiB of memory.
const MAX_KEPT_LINES: usize = 1_000_000;

/// The path of a setting, and what is wrong with it.
type Wrong = (&'static str, String);

/// Checks `config` as a whole and fills in what is in files.
pub(super) fn complete(config: &mut Config) -> Result<(), Wrong> {
    if let Err(e) = config.log.level.parse::<tracing_subscriber::filter::Targets>() {
        return Err(("log.level", e.to_string()));
    }
    for (path, zero) in [
        ("server.max_connections", config.server.max_connections == 0),
        ("limits.uploads", config.limits.uploads == 0),
        ("limits.upload_files", config.limits.upload_files == 0),
        ("limits.account_queued", config.limits.account_queued == 0),
        ("limits.upload_idle", config.limits.upload_idle.is_zero()),
        ("limits.upload_expiry", config.limits.upload_expiry.is_zero()),
        ("server.header_timeout", config.server.header_timeout.is_zero()),
        ("provider.request_timeout", config.provider.request_timeout.is_zero()),
        ("provider.request_retries", config.provider.request_retries == 0),
        ("provider.confirmations", config.provider.confirmations == 0),
        ("provider.document_size", config.provider.document_size.as_u64() == 0),
        ("provider.fileinfo_concurrent", config.provider.fileinfo_concurrent == 0),
        ("fetch.connect_timeout", config.fetch.connect_timeout.is_zero()),
        ("fetch.idle_timeout", config.fetch.idle_timeout.is_zero()),
        ("fetch.total_timeout", config.fetch.total_timeout.is_zero()),
        ("fetch.size", config.fetch.size.as_u64() == 0),
        ("pull.parallel", config.pull.parallel == 0),
        ("pull.size", config.pull.size.as_u64() == 0),
        ("pull.blocks", config.pull.blocks == 0),
        ("pull.block_timeout", config.pull.block_timeout.is_zero()),
        ("pull.try_timeout", config.pull.try_timeout.is_zero()),
        ("pull.give_up_after", config.pull.give_up_after.is_zero()),
        ("panel.session_idle", config.panel.session_idle.is_zero()),
        ("panel.session_lifetime", config.panel.session_lifetime.is_zero()),
        ("webhooks.timeout", config.webhooks.timeout.is_zero()),
        ("webhooks.keep", config.webhooks.keep.is_zero()),
        ("endpoint.heartbeat", config.endpoint.heartbeat.is_zero()),
        ("endpoint.live_for", config.endpoint.live_for.is_zero()),
        ("endpoint.wait_for", config.endpoint.wait_for.is_zero()),
    ] {
        if zero {
            return Err((path, "must be more than zero".into()));
        }
    }
    if config.log.kept > MAX_KEPT_LINES {
        return Err(("log.kept", format!("must not be more than {MAX_KEPT_LINES}")));
    }
    if config.provider.final_confirmations < config.provider.confirmations {
        return Err(("provider.final_confirmations", "must not be less than provider.confirmations".into()));
    }
    if config.server.role == Role::Endpoint {
        if config.endpoint.cloud.is_none() {
            return Err(("endpoint.cloud", "is missing (--cloud): an Endpoint belongs to a Cloud".into()));
        }
        if config.server.public_url.is_none() {
            let missing = "is missing (--public-url): the Cloud tells clients where to find its Endpoints";
            return Err(("server.public_url", missing.into()));
        }
    }
    if let (Some(host), Some(url)) = (&config.gateway.host, &config.server.public_url)
        && Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|own| same_host(host, own)))
    {
        return Err((
            "gateway.host",
            "must not be the host of server.public_url, which has the panel".into(),
        ));
    }
    read_key_file(config)?;
    every_chain_has_a_key(config)
}

fn read_key_file(config: &mut Config) -> Result<(), Wrong> {
    const SETTING: &str = "provider.private_key_file";
    let Some(path) = &config.provider.private_key_file else {
        return Ok(());
    };
    if config.provider.private_key.is_some() {
        return Err((SETTING, "is set, and so is provider.private_key; set one of them".into()));
    }
    let text = read_secret(path).map_err(|problem| (SETTING, problem))?;
    config.provider.private_key = parse_private_keys(&text)
        .map_err(|problem| (SETTING, format!("the text of {}: {problem}", path.display())))?;
    Ok(())
}

/// The text of a file that only its owner may read.
fn read_secret(path: &Path) -> Result<SecretString, String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    // Asked of the open file, so that it cannot be exchanged in between.
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!(
            "others may read {} (mode {mode:o}); do: chmod 600 {}",
            path.display(),
            path.display()
        ));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_KEY_FILE).read_to_string(&mut text).map_err(failed)?;
    Ok(text.trim().to_owned().into())
}

fn every_chain_has_a_key(config: &Config) -> Result<(), Wrong> {
    const SETTING: &str = "provider.private_key";
    match &config.provider.private_key {
        None if !config.chains.is_empty() => {
            Err((SETTING, "is missing (PROVIDER_PRIVATE_KEY), and there are chains to sell access on".into()))
        }
        Some(PerChain::ByChain(keys)) => match config.chains.by_id.keys().find(|id| !keys.contains_key(id)) {
            Some(id) => Err((SETTING, format!("has no key for chain {id}"))),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}
