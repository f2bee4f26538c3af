//! Settings as in effect, for an administrator to look at.
//!
//! Types decide what is seen: a secret shows as set or not set, an address shows its host alone, since its path, its query and its
//! password may hold keys. Each struct is taken apart whole, so that a new setting does not compile before it is decided how it shows.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use humantime_serde::re::humantime::format_duration;
use ipnet::IpNet;
use secrecy::SecretString;
use tidegate_ocean::{Address, U256};
use url::Url;

use super::{
    Chains, Config, Data, Database, Endpoint, Fees, Fetch, Gateway, Limits, Log, LogFormat, Panel, PerChain,
    Provider, Pull, Registration, Role, Secrets, Server, Store, Webhooks,
};

/// Where the value of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody has set it.
    Default,
    /// A file, by its path.
    File(String),
    /// An environment variable, by its name.
    Variable(String),
    /// A flag, as it is written on the command line.
    Flag(String),
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownSetting {
    /// `server`, as in `[server]`.
    pub section: &'static str,
    /// `listen`; of a chain, its id.
    pub name: String,
    /// In words, without what is secret.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// A value as it may be looked at.
trait Show {
    fn show(&self) -> String;
}

impl Config {
    /// All settings, in the order of the example file.
    #[must_use]
    pub fn shown(&self) -> Vec<ShownSetting> {
        let Self {
            server,
            data,
            database,
            secrets,
            store,
            limits,
            log,
            panel,
            gateway,
            provider,
            chains,
            fetch,
            pull,
            webhooks,
            endpoint,
            without_meaning: _,
            sources: _,
        } = self;
        let mut table = Table { config: self, rows: Vec::new() };
        macro_rules! section {
            ($section:ident: $type:ident { $($field:ident $(as $shown:ident)?),+ $(,)? }) => {
                let $type { $($field),+ } = $section;
                $($(let $field = &$shown($field);)?
                table.add(stringify!($section), stringify!($field), $field);)+
            };
        }
        section!(server: Server {
            listen, public_url, trusted_proxies, name, role, max_connections, header_timeout, drain_timeout,
        });
        section!(data: Data { dir });
        section!(database: Database { url });
        section!(secrets: Secrets { server_key });
        section!(store: Store { size, grace });
        section!(limits: Limits {
            upload_size, upload_files, uploads, upload_idle, upload_rate, upload_expiry, account_quota, account_queued,
            requests_per_key, requests_per_address, failures_per_address,
        });
        section!(log: Log { format, level, kept });
        section!(panel: Panel { registration, session_idle, session_lifetime });
        section!(gateway: Gateway { host });
        section!(provider: Provider {
            private_key, private_key_file, universal_private_key, aquarius_url, address_file, fee_token, fee_amount, fees,
            fee_valid_for, ipfs_gateway, arweave_gateway, allow_non_public_ip, authorized_decrypters, max_checksum_length,
            request_timeout, request_retries, rbac_url, private, use_http_proof, use_chain_proof, confirmations,
            final_confirmations, ticket_lifetime, document_size, fileinfo_concurrent, fileinfo_per_caller,
        });
        table.add_chains(chains);
        section!(fetch: Fetch { connect_timeout, idle_timeout, total_timeout, redirects, size });
        section!(pull: Pull {
            gateways, kubo, at_once, parallel, size, blocks, block_timeout, try_timeout, give_up_after, allow_non_public_ip,
        });
        section!(webhooks: Webhooks { at_once, timeout, keep, allow_non_public_ip });
        // It is kept as text, and may hold a password.
        let address = |text: &Option<String>| text.as_deref().and_then(|text| Url::parse(text).ok());
        section!(endpoint: Endpoint { cloud as address, registration_token, heartbeat, trust_for, live_for, wait_for });
        table.rows
    }
}

struct Table<'a> {
    config: &'a Config,
    rows: Vec<ShownSetting>,
}

impl Table<'_> {
    fn add(&mut self, section: &'static str, name: &str, value: &dyn Show) {
        let source = self.source(&format!("{section}.{name}"));
        self.rows.push(ShownSetting { section, name: name.to_owned(), value: value.show(), source });
    }

    /// A row for each chain, which says how many nodes it has: their addresses are secrets.
    fn add_chains(&mut self, chains: &Chains) {
        let Chains { by_id, auto } = chains;
        let source = self.source("chains");
        let by_id = by_id.iter().map(|(id, nodes)| (id.to_string(), nodes));
        let auto = (!auto.is_empty()).then(|| ("auto".to_owned(), auto));
        self.rows.extend(by_id.chain(auto).map(|(name, nodes)| ShownSetting {
            section: "chains",
            name,
            value: match nodes.len() {
                1 => "1 node".to_owned(),
                nodes => format!("{nodes} nodes"),
            },
            source: source.clone(),
        }));
    }

    fn source(&self, path: &str) -> Source {
        self.config.sources.get(path).cloned().unwrap_or(Source::Default)
    }
}

/// What is printed as it is.
macro_rules! as_text {
    ($($type:ty),+) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                self.to_string()
            }
        })+
    };
}
as_text!(u32, u64, usize, String, SocketAddr, IpNet, Address, U256);

impl Show for bool {
    fn show(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

impl Show for ByteSize {
    fn show(&self) -> String {
        self.display().iec().to_string()
    }
}

impl Show for Duration {
    fn show(&self) -> String {
        format_duration(*self).to_string()
    }
}

impl Show for PathBuf {
    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Show for Role {
    fn show(&self) -> String {
        match self {
            Self::All => "all",
            Self::Cloud => "cloud",
            Self::Endpoint => "endpoint",
        }
        .to_owned()
    }
}

impl Show for LogFormat {
    fn show(&self) -> String {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
        .to_owned()
    }
}

impl Show for Registration {
    fn show(&self) -> String {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
        .to_owned()
    }
}

impl Show for SecretString {
    fn show(&self) -> String {
        "set".to_owned()
    }
}

impl Show for Url {
    fn show(&self) -> String {
        let host = self.host().map(|host| host.to_string()).unwrap_or_default();
        let port = self.port().map(|port| format!(":{port}")).unwrap_or_default();
        let more = if matches!(self.path(), "" | "/") && self.query().is_none() { "" } else { "/…" };
        format!("{}://{host}{port}{more}", self.scheme())
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "not set".to_owned(), Show::show)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> String {
        match self.as_slice() {
            [] => "none".to_owned(),
            list => list.iter().map(Show::show).collect::<Vec<_>>().join(", "),
        }
    }
}

impl<T: Show> Show for PerChain<T> {
    fn show(&self) -> String {
        match self {
            Self::All(value) => value.show(),
            Self::ByChain(values) => {
                let values = values.iter().map(|(chain, value)| format!("{chain}: {}", value.show()));
                values.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl Show for Fees {
    fn show(&self) -> String {
        let fees: Vec<String> = self.all().map(|(of, amount)| format!("{of}: {amount}")).collect();
        fees.show()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{Overrides, error::example};

    fn shown(file: &str, vars: &[(&str, &str)], flags: Overrides) -> Vec<ShownSetting> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tidegate.toml");
        std::fs::write(&path, file).expect("a file");
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&path), vars, flags).expect("good settings").shown()
    }

    fn row<'a>(rows: &'a [ShownSetting], section: &str, name: &str) -> &'a ShownSetting {
        let found = rows.iter().find(|row| row.section == section && row.name == name);
        found.unwrap_or_else(|| panic!("{section}.{name}"))
    }

    #[test]
    fn every_setting_of_the_example_is_shown_once_with_its_default() {
        let rows = shown("", &[], Overrides::default());
        let expected: BTreeSet<String> = example()
            .iter()
            .flat_map(|(section, keys)| {
                let keys = keys.as_table().expect("a section").keys();
                keys.map(move |key| format!("{section}.{key}"))
            })
            .collect();
        let names: Vec<String> = rows.iter().map(|row| format!("{}.{}", row.section, row.name)).collect();
        assert_eq!(names.len(), expected.len());
        assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), expected);
        assert!(rows.iter().all(|row| row.source == Source::Default));
        let value = |section, name| row(&rows, section, name).value.as_str();
        assert_eq!(value("server", "listen"), "127.0.0.1:8030");
        assert_eq!(value("server", "public_url"), "not set");
        assert_eq!(value("limits", "upload_size"), "100.0 GiB");
        assert_eq!(value("pull", "gateways"), "none");
        assert_eq!(value("pull", "try_timeout"), "6h");
        assert_eq!(value("provider", "private"), "no");
        assert_eq!(value("provider", "fees"), "none");
        assert_eq!(value("log", "format"), "text");
    }

    #[test]
    fn each_value_says_where_it_comes_from() {
        let rows = shown(
            "[limits]\nuploads = 3\nupload_files = 5\n[server]\nname = 'x'",
            &[("TIDEGATE_LIMITS_UPLOADS", "4"), ("LOG_LEVEL", "DEBUG"), ("TIDEGATE_SERVER_NAME", "y")],
            Overrides(vec![("server.name", "z".into()), ("server.public_url", "https://a".into())]),
        );
        let of =
            |section, name| (row(&rows, section, name).value.as_str(), &row(&rows, section, name).source);
        assert_eq!(of("limits", "uploads"), ("4", &Source::Variable("TIDEGATE_LIMITS_UPLOADS".into())));
        assert_eq!(of("log", "level"), ("debug", &Source::Variable("LOG_LEVEL".into())));
        assert_eq!(of("server", "name"), ("z", &Source::Flag("--name".into())));
        assert_eq!(of("server", "public_url"), ("https://a", &Source::Flag("--public-url".into())));
        let (value, Source::File(path)) = of("limits", "upload_files") else { panic!("not from the file") };
        assert!(value == "5" && path.ends_with("tidegate.toml"), "{path}");
    }

    #[test]
    fn nothing_that_is_secret_is_shown() {
        // Whatever holds a key, or may: the settings with types for secrets, and addresses.
        let key = "deadbeef".repeat(8);
        let file = format!(
            r#"
            [server]
            public_url = "https://pin.example.org"
            [database]
            url = "postgres://user:deadbeef@host/deadbeef"
            [secrets]
            server_key = "{key}"
            [provider]
            private_key = {{ "1" = "{key}", "137" = "0x{key}" }}
            universal_private_key = "{key}"
            aquarius_url = "https://user:deadbeef@aquarius.example.org/deadbeef"
            ipfs_gateway = "https://ipfs.example.org/?key=deadbeef"
            arweave_gateway = "https://deadbeef@arweave.example.org:8443"
            rbac_url = "https://rbac.example.org/deadbeef"
            use_http_proof = "https://proof.example.org/#deadbeef"
            [chains]
            "1" = ["https://node.example.org/v3/deadbeef", "wss://node.example.org/?key=deadbeef"]
            "137" = "https://user:deadbeef@node.example.org"
            auto = "https://node.example.org/deadbeef"
            [pull]
            gateways = ["https://user:deadbeef@gateway.example.org/deadbeef"]
            kubo = "https://user:deadbeef@kubo.example.org"
            [endpoint]
            cloud = "https://user:deadbeef@cloud.example.org/deadbeef"
            registration_token = "deadbeef"
            "#
        );
        let rows = shown(&file, &[], Overrides(vec![("endpoint.registration_token", "deadbeef2".into())]));
        for row in &rows {
            let text = format!("{row:?}").to_ascii_lowercase();
            assert!(!text.contains("deadbeef"), "{text}");
        }
        let value = |section, name| row(&rows, section, name).value.as_str();
        assert_eq!(value("secrets", "server_key"), "set");
        assert_eq!(value("provider", "private_key"), "1: set, 137: set");
        assert_eq!(value("provider", "arweave_gateway"), "https://arweave.example.org:8443");
        assert_eq!(value("provider", "rbac_url"), "https://rbac.example.org/…");
        assert_eq!(value("chains", "1"), "2 nodes");
        assert_eq!(value("chains", "auto"), "1 node");
        assert_eq!(value("pull", "gateways"), "https://gateway.example.org/…");
        assert_eq!(value("endpoint", "cloud"), "https://cloud.example.org/…");
    }
}
