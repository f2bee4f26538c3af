//! What chains are called in error texts. Clients and people know these names from the Python Provider, which takes them
//! from its package of contract addresses.

/// The name of a chain, as in `Provider Ganache: …`.
pub(super) fn network_name(chain: u64) -> &'static str {
    match chain {
        1 => "mainnet",
        5 => "goerli",
        10 => "optimism",
        56 => "bsc",
        100 => "gen-x-testnet",
        137 => "polygon",
        246 => "energyweb",
        1285 => "moonriver",
        3141 => "filecointestnet",
        8453 => "base",
        8996 => "Ganache",
        23294 => "oasis_saphire",
        23295 => "oasis_saphire_testnet",
        32456 => "pontus-x-devnet",
        44787 => "alfajores",
        80001 => "mumbai",
        81001 => "polygonedge",
        2_021_000 => "gaiaxtestnet",
        11_155_111 => "sepolia",
        11_155_420 => "optimism_sepolia",
        _ => "Unknown",
    }
}
