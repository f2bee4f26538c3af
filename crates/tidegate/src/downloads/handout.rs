//! A receipt as it is handed out: by our API, by the panel, as a file that `tidegate receipt verify` reads.

use serde::Serialize;
use serde_json::value::RawValue;
use tidegate_ocean::{Address, B256, Evidence, Signature, keccak256, recover};

use crate::db::receipts::Receipt;

/// See the module's documentation. With `document` and `signature` alone anybody can check it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HandedReceipt {
    /// Its id on this server.
    pub id: i64,
    /// The text that was signed.
    pub document: String,
    /// Keccak-256 of the text.
    pub hash: B256,
    /// `0x` and 130 hexadecimal digits.
    pub signature: String,
    /// Whose signature it is, with its checksum.
    pub provider: Option<String>,
    /// What the text says, for programs that do not read JSON in JSON.
    pub delivered: Option<Box<RawValue>>,
    /// Who owned the asset's data NFT.
    pub seller: Option<String>,
    /// The transaction with the proof that the datatoken's contract took.
    pub proof_tx: Option<B256>,
    /// RFC 3339 with milliseconds, UTC.
    pub created_at: String,
}

impl HandedReceipt {
    /// What is to be checked of it, and whose signature it must be.
    #[must_use]
    pub fn evidence(&self, provider: Option<Address>) -> Evidence<'_> {
        let Self { document, signature, hash, .. } = self;
        Evidence { document, signature, hash: Some(*hash), provider, content: None }
    }
}

impl From<Receipt> for HandedReceipt {
    fn from(kept: Receipt) -> Self {
        let Receipt { id, receipt, seller, proof_tx, .. } = kept;
        let signature = format!("0x{}", hex::encode(&receipt.signature));
        let provider = Signature::parse(&signature).ok().and_then(|it| recover(&receipt.document, &it));
        Self {
            id: id.0,
            hash: keccak256(&receipt.document),
            signature,
            provider: provider.map(|provider| provider.to_string()),
            delivered: RawValue::from_string(receipt.document.clone()).ok(),
            document: receipt.document,
            seller: seller.map(|seller| seller.to_string()),
            proof_tx,
            created_at: receipt.created_at.to_string(),
        }
    }
}
