//! The Python Provider's environment, under its own names: an operator who changes the image keeps the variables.
//!
//! A variable here loses against `TIDEGATE_…` and wins over the file. Empty ones count as not set, as they do there.

/// A variable that means what one of our settings means.
pub(super) struct Alias {
    pub(super) name: &'static str,
    /// The setting: `section.key`, or `chains` for that whole section.
    pub(super) path: &'static str,
    /// A right value, for errors.
    pub(super) example: &'static str,
    read: fn(&str) -> Result<String, &'static str>,
}

impl Alias {
    /// The alias of this name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        ALIASES.iter().find(|alias| alias.name == name)
    }

    /// The value as the setting wants it.
    pub(super) fn value(&self, text: &str) -> Result<String, &'static str> {
        (self.read)(text.trim())
    }
}

const ALIASES: &[Alias] = &[
    plain("NETWORK_URL", "chains", r#"http://127.0.0.1:8545 or {"8996": "http://127.0.0.1:8545"}"#),
    plain("PROVIDER_PRIVATE_KEY", "provider.private_key", r#"0x<64 digits> or {"8996": "0x<64 digits>"}"#),
    plain("UNIVERSAL_PRIVATE_KEY", "provider.universal_private_key", "0x<64 digits>"),
    plain("AQUARIUS_URL", "provider.aquarius_url", "http://127.0.0.1:5000"),
    plain("ADDRESS_FILE", "provider.address_file", "/ocean-contracts/artifacts/address.json"),
    plain("PROVIDER_FEE_TOKEN", "provider.fee_token", r#"0x<40 digits> or {"8996": "0x<40 digits>"}"#),
    plain("IPFS_GATEWAY", "provider.ipfs_gateway", "https://ipfs.example.org"),
    plain("ARWEAVE_GATEWAY", "provider.arweave_gateway", "https://arweave.net"),
    plain("ALLOW_NON_PUBLIC_IP", "provider.allow_non_public_ip", "False"),
    plain("AUTHORIZED_DECRYPTERS", "provider.authorized_decrypters", r#"["0x<40 digits>"]"#),
    plain("MAX_CHECKSUM_LENGTH", "provider.max_checksum_length", "5242880"),
    Alias { name: "REQUEST_TIMEOUT", path: "provider.request_timeout", example: "10", read: seconds },
    plain("REQUEST_RETRIES", "provider.request_retries", "1"),
    plain("RBAC_SERVER_URL", "provider.rbac_url", "http://127.0.0.1:3000"),
    Alias { name: "PRIVATE_PROVIDER", path: "provider.private", example: "1", read: anything },
    plain("USE_HTTP_PROOF", "provider.use_http_proof", "http://127.0.0.1:3001"),
    Alias { name: "USE_CHAIN_PROOF", path: "provider.use_chain_proof", example: "1", read: anything },
    Alias { name: "OCEAN_PROVIDER_URL", path: "server.listen", example: "http://0.0.0.0:8030", read: listen },
    Alias { name: "LOG_LEVEL", path: "log.level", example: "INFO", read: level },
];

/// Variables of the Python Provider, from its first versions on, that mean nothing here.
const WITHOUT_MEANING: &[&str] = &[
    "ARTIFACTS_PATH",
    "AZURE_ACCOUNT_KEY",
    "AZURE_ACCOUNT_NAME",
    "BLOCK_CONFIRMATIONS",
    "OCEAN_PROVIDER_TIMEOUT",
    "OCEAN_PROVIDER_WORKERS",
    "OPERATOR_SERVICE_URL",
    "PROVIDER_ADDRESS",
    "PROVIDER_CONFIG_FILE",
    "PROVIDER_ENCRYPTED_KEY",
    "PROVIDER_KEYFILE",
    "PROVIDER_PASSWORD",
    "REDIS_CONNECTION",
    "STORAGE_PATH",
];

/// Whether the Python Provider knows this variable and we have no use for it.
pub(super) fn is_without_meaning(name: &str) -> bool {
    WITHOUT_MEANING.contains(&name)
}

const fn plain(name: &'static str, path: &'static str, example: &'static str) -> Alias {
    Alias { name, path, example, read: |text| Ok(text.to_owned()) }
}

fn seconds(text: &str) -> Result<String, &'static str> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(format!("{}ms", (seconds * 1000.0).round())),
        _ => Err("is not a number of seconds"),
    }
}

/// There, any text at all means yes; those who write "false" want it to mean no.
fn anything(text: &str) -> Result<String, &'static str> {
    Ok(truth(text).unwrap_or(true).to_string())
}

/// An address with a scheme in front, as gunicorn's options are cut out of it.
fn listen(text: &str) -> Result<String, &'static str> {
    let address = text.split_once("://").map_or(text, |(_, address)| address).trim_end_matches('/');
    Ok(match address.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => address.to_owned(),
    })
}

/// Python's names for levels, and ours.
fn level(text: &str) -> Result<String, &'static str> {
    let level = text.to_ascii_lowercase();
    Ok(match level.as_str() {
        "critical" | "fatal" => "error".to_owned(),
        "warn" | "warning" => "warn".to_owned(),
        "notset" => "trace".to_owned(),
        "error" | "info" | "debug" | "trace" | "off" => level,
        _ => return Err("is not a level"),
    })
}

/// Yes and no as Python's `strtobool` reads them.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "t" | "true" | "on" | "1" => Some(true),
        "n" | "no" | "f" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}
