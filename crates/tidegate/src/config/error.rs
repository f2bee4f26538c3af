//! What is wrong with a setting, in one line that names it and shows a right one.

use std::path::PathBuf;

use toml::Table;

use super::{EXAMPLE, layers::PREFIX};

/// One wrong setting, said in one line.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the config file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin} is not TOML: line {line}: {message}")]
    Syntax {
        /// The file.
        origin: String,
        /// Counted from one.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// There is no such setting.
    #[error("{name} is not a setting; tidegate.example.toml lists them all{}", suggestion(nearest))]
    Unknown {
        /// As the operator wrote it.
        name: String,
        /// A setting with a similar name.
        nearest: Option<String>,
    },
    /// The setting exists, the value is no good.
    #[error("{name}: {message}; a right one looks like: {example}")]
    Wrong {
        /// `section.key`, and the variable or flag it came from.
        name: String,
        /// What is wrong.
        message: String,
        /// The line of the example file.
        example: String,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

impl ConfigError {
    /// There is no setting `name`.
    pub(super) fn unknown(name: &str) -> Self {
        let wanted = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase().replace('.', "_");
        let nearest = example()
            .iter()
            .flat_map(|(section, keys)| {
                keys.as_table()
                    .into_iter()
                    .flat_map(move |keys| keys.keys().map(move |key| format!("{section}.{key}")))
            })
            .map(|setting| (distance(&setting.replace('.', "_"), &wanted), setting))
            .min()
            .filter(|(distance, _)| *distance <= 4)
            .map(|(_, setting)| setting);
        Self::Unknown { name: name.to_owned(), nearest }
    }
}

/// The example file's settings.
pub(super) fn example() -> Table {
    toml::from_str(EXAMPLE).expect("a test parses the example")
}

/// The example file's line for the setting at `path`.
pub(super) fn example_line(path: &str) -> String {
    let (section, key) = path.split_once('.').unwrap_or((path, ""));
    let value = example().get(section).and_then(|keys| keys.get(key)).cloned();
    match (FILLED.iter().find(|(filled, _)| *filled == path), value) {
        (Some((_, line)), _) => (*line).to_owned(),
        (None, Some(value)) => format!("{key} = {value}"),
        (None, None) => format!("[{section}]"),
    }
}

/// Right values for settings that the example leaves empty.
const FILLED: &[(&str, &str)] = &[
    ("chains", "\"8996\" = [\"http://127.0.0.1:8545\"]"),
    ("database.url", "url = \"postgres://user:password@host/database\""),
    ("endpoint.cloud", "cloud = \"https://cloud.example.org\""),
    ("endpoint.registration_token", "registration_token = \"<what tidegate endpoint invite has printed>\""),
    ("gateway.host", "host = \"ipfs.example.org\""),
    ("provider.address_file", "address_file = \"address.json\""),
    ("provider.aquarius_url", "aquarius_url = \"http://127.0.0.1:5000\""),
    ("provider.arweave_gateway", "arweave_gateway = \"https://arweave.net\""),
    ("provider.authorized_decrypters", "authorized_decrypters = [\"0x<40 hexadecimal digits>\"]"),
    ("provider.fee_token", "fee_token = \"0x<40 hexadecimal digits>\""),
    ("provider.fees", "fees = { \"8996\" = \"1000000000000000000\" }"),
    ("provider.ipfs_gateway", "ipfs_gateway = \"https://ipfs.example.org\""),
    ("provider.private_key", "private_key = \"0x<64 hexadecimal digits>\""),
    ("provider.private_key_file", "private_key_file = \"provider.key\""),
    ("provider.rbac_url", "rbac_url = \"http://127.0.0.1:3000\""),
    ("provider.use_http_proof", "use_http_proof = \"http://127.0.0.1:3001\""),
    ("secrets.server_key", "server_key = \"<64 hexadecimal digits>\""),
    ("server.trusted_proxies", "trusted_proxies = [\"10.0.0.0/8\"]"),
    ("server.public_url", "public_url = \"https://pin.example.org\""),
];

/// Levenshtein's distance, for "did you mean".
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
