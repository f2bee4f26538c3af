//! What a transaction left on the chain, and the events of Ocean's contracts in it.
//!
//! An event counts by the contract that emitted it: anyone can emit anything from a contract of their own.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{SolEvent, sol};

/// A mined transaction's receipt, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction.
    pub tx: B256,
    /// Whether it succeeded.
    pub status: bool,
    /// The block it is in.
    pub block: u64,
    /// When that block was made, in seconds since 1970.
    pub timestamp: u64,
    /// All that its contracts logged, in order.
    pub logs: Vec<Log>,
    /// Who sent it.
    pub from: Address,
    /// What it was sent to; nothing for the creation of a contract.
    pub to: Option<Address>,
}

/// One entry of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract that logged it.
    pub address: Address,
    /// The event's signature and its indexed members.
    pub topics: Vec<B256>,
    /// Its other members.
    pub data: Bytes,
}

/// A document that an asset's publisher put on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The document, compressed and encrypted as `flags` say.
    pub data: Bytes,
    /// Bit 0: compressed (LZMA). Bit 1: encrypted (ECIES).
    pub flags: u8,
    /// The SHA-256 of the plain document.
    pub hash: B256,
    /// The NFT's metadata state that was set with it.
    pub state: u8,
}

#[allow(missing_docs)]
mod events {
    use super::sol;

    sol! {
        event OrderStarted(
            address indexed consumer, address payer, uint256 amount, uint256 serviceIndex, uint256 timestamp,
            address indexed publishMarketAddress, uint256 blockNumber
        );
        event OrderReused(bytes32 orderTxId, address caller, uint256 timestamp, uint256 number);
        event ProviderFee(
            address indexed providerFeeAddress, address indexed providerFeeToken, uint256 providerFeeAmount,
            bytes providerData, uint8 v, bytes32 r, bytes32 s, uint256 validUntil
        );
        event MetadataCreated(
            address indexed createdBy, uint8 state, string decryptorUrl, bytes flags, bytes data,
            bytes32 metaDataHash, uint256 timestamp, uint256 blockNumber
        );
        event MetadataUpdated(
            address indexed updatedBy, uint8 state, string decryptorUrl, bytes flags, bytes data,
            bytes32 metaDataHash, uint256 timestamp, uint256 blockNumber
        );
    }
}

pub(crate) use events::{OrderReused, OrderStarted, ProviderFee as ProviderFeeEvent};

impl Log {
    /// The event, if this is one of its kind and emitted by `contract`.
    pub(crate) fn event_of<E: SolEvent>(&self, contract: Address) -> Option<E> {
        let is_it = self.address == contract && self.topics.first() == Some(&E::SIGNATURE_HASH);
        is_it.then(|| E::decode_raw_log(self.topics.iter().copied(), &self.data).ok()).flatten()
    }
}

/// The document that a transaction put on the chain for this NFT: the one it created, else the one it updated.
#[must_use]
pub fn metadata_of(receipt: &Receipt, nft: Address) -> Option<Metadata> {
    let flags = |bytes: &Bytes| bytes.first().copied().unwrap_or_default();
    let created =
        receipt.logs.iter().find_map(|log| log.event_of::<events::MetadataCreated>(nft)).map(|event| {
            Metadata {
                flags: flags(&event.flags),
                data: event.data,
                hash: event.metaDataHash,
                state: event.state,
            }
        });
    created.or_else(|| {
        let event = receipt.logs.iter().find_map(|log| log.event_of::<events::MetadataUpdated>(nft))?;
        Some(Metadata {
            flags: flags(&event.flags),
            data: event.data,
            hash: event.metaDataHash,
            state: event.state,
        })
    })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{U256, address, keccak256};

    use super::*;

    const NFT: Address = address!("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512");

    fn log(contract: Address, event: &impl SolEvent) -> Log {
        let data = event.encode_log_data();
        Log { address: contract, topics: data.topics().to_vec(), data: data.data }
    }

    fn updated(flags: &[u8], data: &[u8]) -> events::MetadataUpdated {
        events::MetadataUpdated {
            updatedBy: Address::ZERO,
            state: 0,
            decryptorUrl: String::new(),
            flags: flags.to_vec().into(),
            data: data.to_vec().into(),
            metaDataHash: keccak256(data),
            timestamp: U256::ZERO,
            blockNumber: U256::ZERO,
        }
    }

    fn receipt(logs: Vec<Log>) -> Receipt {
        Receipt { tx: B256::ZERO, status: true, block: 1, timestamp: 1, logs, from: Address::ZERO, to: None }
    }

    #[test]
    fn a_document_is_the_one_its_own_nft_announced() {
        let logs = vec![log(Address::ZERO, &updated(&[2], b"forged")), log(NFT, &updated(&[3], b"real"))];
        let metadata = metadata_of(&receipt(logs), NFT).expect("a document");
        assert_eq!((metadata.data.as_ref(), metadata.flags), (b"real".as_slice(), 3));
        assert_eq!(metadata_of(&receipt(vec![]), NFT), None);
    }

    #[test]
    fn a_log_that_is_cut_short_is_no_event() {
        let whole = log(NFT, &updated(&[2], b"document"));
        for length in 0..whole.data.len() - 24 {
            let cut = Log { data: whole.data.slice(..length), ..whole.clone() };
            assert_eq!(metadata_of(&receipt(vec![cut]), NFT), None, "{length}");
        }
        let bare = Log { topics: vec![], ..whole };
        assert_eq!(metadata_of(&receipt(vec![bare]), NFT), None);
    }
}
