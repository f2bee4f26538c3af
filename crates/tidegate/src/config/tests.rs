//! The Provider's settings as operators write them: their own names and the Python Provider's, plain and by chain.

use std::{fs, os::unix::fs::PermissionsExt as _};

use secrecy::ExposeSecret as _;

use super::*;

const KEY: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";
const OTHER: &str = "0202020202020202020202020202020202020202020202020202020202020202";
const TOKEN: &str = "0x00000000000000000000000000000000000000aA";

fn load(file: &str, vars: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tidegate.toml");
    fs::write(&path, file).expect("a file");
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), vars, Overrides::default()).map_err(|error| error.to_string())
}

fn good(file: &str, vars: &[(&str, &str)]) -> Config {
    load(file, vars).expect("good settings")
}

fn key(config: &Config, chain: u64) -> Option<&str> {
    config.provider.private_key.as_ref()?.get(chain).map(SecretString::expose_secret)
}

fn nodes(config: &Config, chain: u64) -> Vec<&str> {
    config.chains.by_id.get(&chain).into_iter().flatten().map(SecretString::expose_secret).collect()
}

#[test]
fn nothing_is_sold_unless_it_is_configured() {
    let config = good("", &[]);
    assert!(config.chains.is_empty() && config.provider.private_key.is_none());
    assert!(!config.provider.allow_non_public_ip && !config.provider.use_chain_proof);
    assert_eq!(config.provider.max_checksum_length.as_u64(), 5 << 20);
}

#[test]
fn the_python_providers_plain_environment_is_understood() {
    let config = good(
        "",
        &[
            ("NETWORK_URL", "http://127.0.0.1:8545"),
            ("PROVIDER_PRIVATE_KEY", KEY),
            ("AQUARIUS_URL", "http://aquarius:5000"),
            ("ADDRESS_FILE", "/a/address.json"),
            ("PROVIDER_FEE_TOKEN", TOKEN),
            ("IPFS_GATEWAY", "https://ipfs.example.org"),
            ("ARWEAVE_GATEWAY", "https://arweave.net/"),
            ("ALLOW_NON_PUBLIC_IP", "True"),
            ("AUTHORIZED_DECRYPTERS", &format!("[\"{TOKEN}\"]")),
            ("MAX_CHECKSUM_LENGTH", "1048576"),
            ("REQUEST_TIMEOUT", "2.5"),
            ("REQUEST_RETRIES", "3"),
            ("RBAC_SERVER_URL", "http://rbac:3000/check"),
            ("USE_HTTP_PROOF", "http://proof:3001?key=1"),
            ("USE_CHAIN_PROOF", "yes please"),
            ("PRIVATE_PROVIDER", "1"),
            ("OCEAN_PROVIDER_URL", "http://0.0.0.0:8031"),
            ("LOG_LEVEL", "WARNING"),
        ],
    );
    let provider = &config.provider;
    assert_eq!(config.chains.auto[0].expose_secret(), "http://127.0.0.1:8545");
    assert_eq!((key(&config, 1), key(&config, 8996)), (Some(KEY), Some(KEY)));
    assert_eq!(provider.aquarius_url.as_ref().expect("a URL").as_str(), "http://aquarius:5000/");
    assert_eq!(provider.address_file.as_deref(), Some("/a/address.json".as_ref()));
    assert_eq!(
        provider.fee_token.as_ref().and_then(|token| token.get(7)),
        Some(&provider.authorized_decrypters[0])
    );
    assert!(provider.ipfs_gateway.is_some() && provider.arweave_gateway.is_some());
    assert!(provider.allow_non_public_ip && provider.use_chain_proof && provider.private);
    assert_eq!(provider.max_checksum_length.as_u64(), 1 << 20);
    assert_eq!((provider.request_timeout, provider.request_retries), (Duration::from_millis(2500), 3));
    assert!(provider.rbac_url.is_some() && provider.use_http_proof.is_some());
    assert_eq!(
        (config.server.listen.to_string().as_str(), config.log.level.as_str()),
        ("0.0.0.0:8031", "warn")
    );
}

#[test]
fn keys_and_nodes_by_chain_are_json_in_variables_and_tables_in_the_file() {
    let vars = [
        ("NETWORK_URL", r#"{"8996": "http://a", "137": ["https://b/KEY", "wss://c"]}"#),
        ("PROVIDER_PRIVATE_KEY", &format!(r#"{{"8996": "{KEY}", "137": "{OTHER}"}}"#)),
        ("UNIVERSAL_PRIVATE_KEY", KEY),
        ("PROVIDER_FEE_TOKEN", &format!(r#"{{"137": "{TOKEN}"}}"#)),
    ];
    let file = format!(
        "[chains]\n8996 = \"http://a\"\n137 = [\"https://b/KEY\", \"wss://c\"]\n\
         [provider]\nprivate_key = {{ 8996 = \"{KEY}\", 137 = \"{OTHER}\" }}\n\
         fee_token = {{ 137 = \"{TOKEN}\" }}"
    );
    for config in [good("", &vars), good(&file, &[])] {
        assert_eq!(nodes(&config, 8996), ["http://a"]);
        assert_eq!(nodes(&config, 137), ["https://b/KEY", "wss://c"]);
        assert_eq!((key(&config, 8996), key(&config, 137), key(&config, 1)), (Some(KEY), Some(OTHER), None));
        let token = config.provider.fee_token.expect("a token");
        assert!(token.get(137).is_some() && token.get(8996).is_none());
    }
}

#[test]
fn our_names_win_over_the_python_providers_and_those_over_the_file() {
    let file = "[chains]\n1 = \"http://file\"\n[provider]\nrequest_retries = 9";
    let python = [
        ("NETWORK_URL", "{\"2\": \"http://python\"}"),
        ("PROVIDER_PRIVATE_KEY", KEY),
        ("REQUEST_RETRIES", "8"),
    ];
    let config = good(file, &python);
    assert_eq!((nodes(&config, 1).len(), nodes(&config, 2)), (0, vec!["http://python"]));
    assert_eq!(config.provider.request_retries, 8);

    let ours = [
        ("TIDEGATE_CHAINS_4", "[\"http://ours\", \"http://too\"]"),
        ("TIDEGATE_CHAINS", "{\"3\": \"http://ours\"}"),
        ("TIDEGATE_PROVIDER_REQUEST_RETRIES", "7"),
        ("TIDEGATE_PROVIDER_PRIVATE_KEY", OTHER),
        ("TIDEGATE_PROVIDER_ALLOW_NON_PUBLIC_IP", "on"),
    ];
    let config = good(file, &[&python[..], &ours].concat());
    assert_eq!(config.chains.by_id.keys().copied().collect::<Vec<_>>(), [3, 4]);
    assert_eq!((nodes(&config, 4).len(), key(&config, 3)), (2, Some(OTHER)));
    assert!(config.provider.request_retries == 7 && config.provider.allow_non_public_ip);
}

#[test]
fn fees_can_differ_by_chain_and_by_service() {
    let file = "[provider]\nfee_amount = \"1\"\nfees = { 10 = \"20\", \"10/AbC\" = 30 }";
    let json = [
        ("TIDEGATE_PROVIDER_FEE_AMOUNT", "1"),
        ("TIDEGATE_PROVIDER_FEES", r#"{"10": "20", "10/aBc": "30"}"#),
    ];
    for config in [good(file, &[]), good("", &json)] {
        let fee = |chain, service| config.provider.fee(chain, service).to_string();
        assert_eq!((fee(9, "abc"), fee(10, "x"), fee(10, "abc")), ("1".into(), "20".into(), "30".into()));
    }
}

#[test]
fn empty_variables_are_not_set_and_useless_ones_are_told() {
    let vars = [
        ("NETWORK_URL", ""),
        ("PROVIDER_FEE_TOKEN", " "),
        ("USE_CHAIN_PROOF", "False"),
        ("REDIS_CONNECTION", "redis://r"),
        ("OPERATOR_SERVICE_URL", ""),
        ("HOME", "/"),
    ];
    let config = good("", &vars);
    assert!(
        config.chains.is_empty() && config.provider.fee_token.is_none() && !config.provider.use_chain_proof
    );
    assert_eq!(config.without_meaning, ["REDIS_CONNECTION"]);
}

#[test]
fn a_wrong_variable_is_named_with_a_right_value_and_never_repeated() {
    let chains = ("NETWORK_URL", r#"{"8996": "http://a"}"#);
    for (vars, expected) in [
        (&[("NETWORK_URL", "SECRET")][..], "NETWORK_URL: is not an address that begins with http://"),
        (&[("NETWORK_URL", "{SECRET")], r#"a right one looks like: http://127.0.0.1:8545 or {"8996""#),
        (&[("NETWORK_URL", r#"{"x": "http://SECRET"}"#)], "NETWORK_URL: \"x\" is not the id of a chain"),
        (&[("NETWORK_URL", r#"{"1": ["ftp://SECRET"]}"#)], "NETWORK_URL: 1: is not an address"),
        (&[("NETWORK_URL", r#"{"1": 5}"#)], "NETWORK_URL: 1: is not a list of addresses"),
        (&[("TIDEGATE_CHAINS", "{SECRET")], "TIDEGATE_CHAINS: is neither"),
        (&[("TIDEGATE_CHAINS_1", "SECRET")], "TIDEGATE_CHAINS_1: 1: is not an address"),
        (&[("PROVIDER_PRIVATE_KEY", "0xSECRET")], "PROVIDER_PRIVATE_KEY: is not a private key of 64"),
        (&[("PROVIDER_PRIVATE_KEY", r#"{"1": "SECRET"}"#)], "PROVIDER_PRIVATE_KEY: 1: is not a private key"),
        (
            &[("PROVIDER_PRIVATE_KEY", "{SECRET")],
            "PROVIDER_PRIVATE_KEY: is neither text nor JSON by chain id",
        ),
        (&[chains], "provider.private_key: is missing (PROVIDER_PRIVATE_KEY)"),
        (
            &[
                chains,
                (
                    "PROVIDER_PRIVATE_KEY",
                    r#"{"1": "0202020202020202020202020202020202020202020202020202020202020202"}"#,
                ),
            ],
            "PROVIDER_PRIVATE_KEY: has no key for chain 8996",
        ),
        (&[("PROVIDER_FEE_TOKEN", "SECRET")], "PROVIDER_FEE_TOKEN: is not an Ethereum address"),
        (&[("AQUARIUS_URL", "http//SECRET")], "AQUARIUS_URL: is not an http or https address"),
        (
            &[("AUTHORIZED_DECRYPTERS", "SECRET")],
            "AUTHORIZED_DECRYPTERS: is not a list of Ethereum addresses",
        ),
        (&[("ALLOW_NON_PUBLIC_IP", "maybe")], "ALLOW_NON_PUBLIC_IP: invalid type"),
        (&[("REQUEST_TIMEOUT", "soon")], "REQUEST_TIMEOUT: is not a number of seconds"),
        (&[("REQUEST_TIMEOUT", "0")], "REQUEST_TIMEOUT: must be more than zero"),
        (&[("REQUEST_RETRIES", "-1")], "REQUEST_RETRIES: invalid value"),
        (&[("MAX_CHECKSUM_LENGTH", "big")], "MAX_CHECKSUM_LENGTH: "),
        (&[("OCEAN_PROVIDER_URL", "here")], "OCEAN_PROVIDER_URL: "),
        (&[("LOG_LEVEL", "LOUD")], "LOG_LEVEL: is not a level; a right one looks like: INFO"),
        (&[("TIDEGATE_PROVIDER_PRIVATE_KEI", "SECRET")], "did you mean provider.private_key?"),
        (&[("TIDEGATE_PROVIDER_FEES", r#"{"1": "-1"}"#)], "TIDEGATE_PROVIDER_FEES: \"1\": is not an amount"),
    ] {
        let error = load("", vars).expect_err(expected);
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("SECRET") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn the_private_key_may_be_in_a_file_of_its_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("provider.key");
    fs::write(&path, format!("{KEY}\n")).expect("a file");
    let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
    let file = format!("[provider]\nprivate_key_file = {:?}", path.to_str().expect("text"));

    set_mode(0o600);
    assert_eq!(key(&good(&file, &[]), 1), Some(KEY));
    let both = load(&file, &[("PROVIDER_PRIVATE_KEY", OTHER)]).expect_err("two keys");
    assert!(both.contains("provider.private_key_file in") && both.contains("set one of them"), "{both}");

    set_mode(0o640);
    let readable = load(&file, &[]).expect_err("others may read it");
    assert!(readable.contains("chmod 600"), "{readable}");

    set_mode(0o600);
    fs::write(&path, "SECRET").expect("a file");
    let wrong = load(&file, &[]).expect_err("no key");
    assert!(wrong.contains("is not a private key") && !wrong.contains("SECRET"), "{wrong}");
}

#[test]
fn keys_of_wallets_and_nodes_are_never_printed() {
    let config = good("", &[("NETWORK_URL", "http://a/hunter2"), ("PROVIDER_PRIVATE_KEY", OTHER)]);
    let printed = format!("{config:?}");
    assert!(!printed.contains("hunter2") && !printed.contains(OTHER), "{printed}");
}
