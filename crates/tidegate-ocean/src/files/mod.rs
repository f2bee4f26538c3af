//! The files of a service, as a publisher encrypts them: opening the decrypted text, and the kinds of files in it.
//!
//! Nothing here says in an error or a debug output where a file is: that is what is sold.

mod answer;
mod call;
mod object;

use alloy_primitives::Address;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

pub use call::{CallError, ContractCall};
pub use object::{FileObject, FileObjectError, Headers, Method};

/// The list of files of one service, opened and checked to be that service's.
pub struct EncryptedFiles(Vec<Value>);

/// Why the files of a service cannot be used. To a buyer each of them is `Unable to get dataset files`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FilesError {
    /// Not JSON, or neither of the two structures.
    #[error("the encrypted files are not the list of files that the asset's version has")]
    Form,
    /// Encrypted for another datatoken.
    #[error("the encrypted files belong to another datatoken")]
    Datatoken,
    /// Encrypted for another data NFT.
    #[error("the encrypted files belong to another data NFT")]
    Nft,
}

/// The structure since DDO version 4.1.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BoundFiles {
    datatoken_address: Address,
    nft_address: Address,
    files: Vec<Value>,
}

impl EncryptedFiles {
    /// Opens the decrypted `files` of a service.
    ///
    /// Since DDO version 4.1.0 they name the datatoken and the NFT they were encrypted for, which must be those of
    /// the service: else anyone could sell a copy of someone else's encrypted text. Version 4.0.0 (or none) has a
    /// bare list; one that names its addresses is held to them there, too.
    pub fn open(plain: &[u8], datatoken: Address, nft: Address, version: &str) -> Result<Self, FilesError> {
        let may_be_bare = matches!(version, "" | "4.0.0");
        if may_be_bare && let Ok(files) = serde_json::from_slice(plain) {
            return Ok(Self(files));
        }
        let bound: BoundFiles = serde_json::from_slice(plain).map_err(|_| FilesError::Form)?;
        if bound.datatoken_address != datatoken {
            return Err(FilesError::Datatoken);
        }
        if bound.nft_address != nft {
            return Err(FilesError::Nft);
        }
        Ok(Self(bound.files))
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file at `index`, with the parameters that the buyer sent along; none past the end.
    #[must_use]
    pub fn get(&self, index: usize, userdata: Option<&Value>) -> Option<Result<FileObject, FileObjectError>> {
        self.0.get(index).map(|value| FileObject::parse_with(value, userdata))
    }
}

/// Shows how many files there are.
impl std::fmt::Debug for EncryptedFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncryptedFiles({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    const DATATOKEN: Address = address!("0x5FbDB2315678afecb367f032d93F642f64180aa3");
    const NFT: Address = address!("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512");
    const BARE: &str = r#"[{"type":"url","url":"https://files.example/secret.csv"}]"#;

    fn bound(datatoken: &str, nft: &str) -> String {
        format!(r#"{{"datatokenAddress":"{datatoken}","nftAddress":"{nft}","files":{BARE}}}"#)
    }

    fn open(plain: &str, version: &str) -> Result<EncryptedFiles, FilesError> {
        EncryptedFiles::open(plain.as_bytes(), DATATOKEN, NFT, version)
    }

    #[test]
    fn files_bound_to_the_service_open_in_any_case_of_the_addresses() {
        let lower = bound(&DATATOKEN.to_string().to_lowercase(), &NFT.to_string());
        for version in ["4.0.0", "4.1.0", "4.5.0", ""] {
            assert_eq!(open(&lower, version).expect("files").len(), 1, "{version}");
        }
    }

    #[test]
    fn a_copy_of_another_assets_files_does_not_open() {
        let other = "0x0000000000000000000000000000000000000001";
        for version in ["4.0.0", "4.1.0"] {
            let copied = bound(other, &NFT.to_string());
            assert_eq!(open(&copied, version).expect_err("refused"), FilesError::Datatoken);
            let copied = bound(&DATATOKEN.to_string(), other);
            assert_eq!(open(&copied, version).expect_err("refused"), FilesError::Nft);
        }
    }

    #[test]
    fn a_bare_list_is_only_of_the_first_version() {
        assert_eq!(open(BARE, "4.0.0").expect("files").len(), 1);
        assert_eq!(open(BARE, "").expect("files").len(), 1);
        assert_eq!(open(BARE, "4.1.0").expect_err("refused"), FilesError::Form);
    }

    #[test]
    fn anything_else_is_refused() {
        for plain in ["", "{}", "1", "[", "{\"files\":[]}", "\u{0}"] {
            for version in ["4.0.0", "4.1.0"] {
                assert_eq!(open(plain, version).expect_err("refused"), FilesError::Form, "{plain}");
            }
        }
    }

    #[test]
    fn an_index_past_the_end_has_no_file() {
        let files = open(BARE, "4.0.0").expect("files");
        assert!(files.get(0, None).is_some_and(|file| file.is_ok()));
        assert!(files.get(1, None).is_none());
        assert!(!format!("{files:?}").contains("secret"));
    }
}
