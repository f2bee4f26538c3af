//! The messages behind signed requests, in both dialects of Ocean's clients.

/// A request that its sender signs. What is in it are the texts of the request, character by character as sent.
///
/// The pieces are joined without separators, so the caller has checked that each has its form (a DID, an address, a
/// transaction id, a chain id): else digits could move from one piece to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedRequest<'a> {
    /// Downloading a file of an asset.
    Download {
        /// The asset.
        did: &'a str,
    },
    /// Making an auth token.
    CreateToken,
    /// Revoking an auth token.
    DeleteToken,
    /// Decrypting an asset's document.
    Decrypt {
        /// The transaction that published the document or, without it, the data NFT.
        subject: &'a str,
        /// Who decrypts.
        address: &'a str,
        /// The chain of both.
        chain_id: &'a str,
    },
    /// Encrypting, which only clients from ocean.js 5 on sign.
    Encrypt,
}

impl SignedRequest<'_> {
    /// The messages that clients sign for this request, the likeliest first.
    ///
    /// The classic dialect (Python Provider, ocean.js to 5) signs the subject and the nonce; the node dialect (ocean.js
    /// from 6 on) the address, the nonce and the name of the command.
    #[must_use]
    pub fn texts(&self, address: &str, nonce: &str) -> Vec<String> {
        let node = |command: &str| format!("{address}{nonce}{command}");
        match self {
            Self::Download { did } => vec![format!("{did}{nonce}"), node("download")],
            Self::CreateToken => vec![node(""), node("createAuthToken")],
            Self::DeleteToken => vec![node(""), node("invalidateAuthToken")],
            Self::Decrypt { subject, address, chain_id } => {
                vec![format!("{subject}{address}{chain_id}{nonce}"), node("decryptDDO")]
            }
            // ocean.js 5.1 signs the nonce alone.
            Self::Encrypt => vec![node("encrypt"), nonce.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_made_of_the_texts_as_sent() {
        let texts = SignedRequest::Download { did: "did:op:0A" }.texts("0xAb", "007");
        assert_eq!(texts, ["did:op:0A007", "0xAb007download"]);
        assert_eq!(SignedRequest::CreateToken.texts("0xAb", "7"), ["0xAb7", "0xAb7createAuthToken"]);
        assert_eq!(SignedRequest::DeleteToken.texts("0xAb", "7")[0], "0xAb7");
        let decrypt = SignedRequest::Decrypt { subject: "0x01", address: "0xAb", chain_id: "8996" };
        assert_eq!(decrypt.texts("0xAb", "7")[0], "0x010xAb89967");
        assert_eq!(SignedRequest::Encrypt.texts("0xAb", "7"), ["0xAb7encrypt", "7"]);
    }
}
