//! Ocean Protocol's documents and rules: what was signed, which order pays for which service, which nonce is next.
//!
//! Everything here is a pure function of facts that the caller brings: no network, no clock, no database, no randomness.
//!
//! | module | what lives there |
//! |---|---|
//! | [`did`] | ids of assets |
//! | [`nonce`] | exact decimals that only rise |
//! | [`signature`] | signatures, what clients sign, and who did |
//! | [`key`] | the Provider's key |
//! | [`mod@ecies`] | encryption to a key |
//! | [`ddo`] | documents of assets, and to whom they are open |
//! | [`receipt`] | what a transaction left on the chain |
//! | [`fee`] | what the Provider asks for, signed |
//! | [`order`] | what pays for which service, for whom and until when |
//! | [`files`] | what a service's encrypted files say |
//! | [`delivery`] | receipts of downloads, and how anybody checks one |
//! | [`proof`] | what a datatoken's contract is told of an order that was served |
//! | [`transaction`] | transactions, written and signed |

pub mod ddo;
pub mod delivery;
pub mod did;
pub mod ecies;
pub mod fee;
pub mod files;
pub mod key;
pub mod nonce;
pub mod order;
pub mod proof;
pub mod receipt;
pub mod signature;
pub mod transaction;

pub use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

pub use ddo::{Credentials, Ddo, DdoError, Listing, Nft, NotConsumable, Service, ServiceKind, consumable};
pub use delivery::{Check, Content, Delivery, Evidence, Finding, NoDelivery, Verdict};
pub use did::{Did, DidError};
pub use ecies::EciesError;
pub use fee::{FeeData, FeeQuote, ProviderFee};
pub use files::{CallError, ContractCall, EncryptedFiles, FileObject, FileObjectError, FilesError};
pub use key::{KeyError, ProviderKey};
pub use nonce::{Nonce, NonceError};
pub use order::{FeeTime, Order, OrderAsk, OrderRefusal, check_order, find_order, reused_order};
pub use proof::{Execution, NotProvable};
pub use receipt::{Log, Metadata, Receipt, metadata_of};
pub use signature::{
    Signature, SignatureError, SignedRequest, is_signed_by, recover, signer_of_message, wallet_hashes,
    wallet_signature,
};
pub use transaction::{GasPrice, SignedTransaction, Transaction};
