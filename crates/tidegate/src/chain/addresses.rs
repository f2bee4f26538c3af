//! Where Ocean's contracts are: `ADDRESS_FILE`, the `address.json` of Ocean's contracts package.
//!
//! The file is an object of networks; each has a `chainId` and the addresses of contracts by name. Only two are needed.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tidegate_ocean::Address;

/// The contracts of all chains in a file.
#[derive(Debug, Default)]
pub(super) struct Addresses(BTreeMap<u64, Contracts>);

/// The contracts of one chain; what a chain does not have is `None`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contracts {
    /// The Ocean token, in which fees are quoted.
    pub(super) ocean: Option<Address>,
    /// The factory that every data NFT of Ocean comes from.
    pub(super) factory: Option<Address>,
}

/// A file of addresses that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("ADDRESS_FILE {}: {problem}", path.display())]
pub struct AddressFileError {
    path: PathBuf,
    problem: String,
}

/// The published file has 20 KiB.
const LARGEST: u64 = 4 << 20;

#[derive(Deserialize)]
struct Network {
    #[serde(rename = "chainId")]
    chain: u64,
    #[serde(flatten)]
    contracts: HashMap<String, Value>,
}

impl Addresses {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or has another shape.
    pub(super) fn read(path: &Path) -> Result<Self, AddressFileError> {
        let wrong = |problem: String| AddressFileError { path: path.to_owned(), problem };
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
            .map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(|error| wrong(error.to_string()))
    }

    fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let networks: BTreeMap<String, Network> = serde_json::from_str(text)?;
        let mut chains = BTreeMap::new();
        for network in networks.into_values() {
            let address = |name| network.contracts.get(name).and_then(Value::as_str)?.trim().parse().ok();
            let contracts = Contracts { ocean: address("Ocean"), factory: address("ERC721Factory") };
            chains.entry(network.chain).or_insert(contracts);
        }
        Ok(Self(chains))
    }

    /// The contracts of `chain`.
    pub(super) fn of(&self, chain: u64) -> Contracts {
        self.0.get(&chain).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contracts_are_found_by_chain_id() {
        let text = r#"{
            "development": {
                "chainId": 8996,
                "Ocean": "0x8967bcf84170c91b0d24d4302c2376283b0b3a07",
                "startBlock": 3,
                "ERC20Template": {"1": "0x6aebBa95eaE89a20d07666b2015B92AEDcE72C13"},
                "ERC721Factory": "0x03ABAd83b9f2F182D6C9d3FA70619Abc2edc8ccC"
            },
            "base": {"chainId": 8453, "ERC721Factory": "not an address"}
        }"#;
        let addresses = Addresses::parse(text).expect("the shape of address.json");
        let contracts = addresses.of(8996);
        assert_eq!(
            contracts.ocean.expect("the token").to_string(),
            "0x8967BCF84170c91B0d24D4302C2376283b0B3a07"
        );
        assert!(contracts.factory.is_some());
        assert_eq!(addresses.of(8453), Contracts::default());
        assert_eq!(addresses.of(1), Contracts::default());
    }

    #[test]
    fn a_wrong_file_is_named() {
        let error = Addresses::read(Path::new("/nowhere/address.json")).expect_err("no file");
        assert!(error.to_string().starts_with("ADDRESS_FILE /nowhere/address.json: "));
        assert!(Addresses::parse("[]").is_err());
    }
}
