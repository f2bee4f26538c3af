//! Whether a request was signed by whom it names: a key's signature, or a contract wallet's word (ERC-1271).
//!
//! Using up the nonce is not done here: whoever asks decides when.

use std::{fmt, sync::Arc};

use tidegate_ocean::{
    Address, Nonce, Signature, SignedRequest, is_signed_by, recover, wallet_hashes, wallet_signature,
};

use crate::chain::{Chain, ChainError};

/// The signed parts of a request, as they were sent: the texts that were signed are made of them.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// What is asked.
    pub request: SignedRequest<'a>,
    /// Who says to ask.
    pub address: &'a str,
    /// Their nonce.
    pub nonce: &'a str,
    /// Their signature, in hexadecimal digits.
    pub signature: &'a str,
}

/// Someone who has proved who they are, and the nonce that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signer {
    /// Who.
    pub address: Address,
    /// Not used up yet.
    pub nonce: Nonce,
}

/// Why a signature is not good. The words are those of the reference, but for the signature itself, which is not repeated.
#[derive(Debug, PartialEq, Eq)]
pub enum SignatureRefusal {
    /// Not signed by that address; the text says by whom, or what is wrong with it.
    NotSigned(String),
    /// The address may be a contract's, and the chain that knows does not answer.
    Unavailable,
}

impl fmt::Display for SignatureRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSigned(text) => f.write_str(text),
            Self::Unavailable => {
                f.write_str("The chain cannot be asked about this wallet now; try again later.")
            }
        }
    }
}

impl<'a> Signed<'a> {
    /// Whether a key signed: no network. Nothing where that is not so and a wallet may have signed instead.
    ///
    /// # Errors
    /// Address or nonce cannot be read.
    pub fn by_key(&self) -> Result<Option<Signer>, SignatureRefusal> {
        let signer = self.claimed()?;
        let Ok(signature) = Signature::parse(self.signature) else { return Ok(None) };
        let texts = self.request.texts(self.address, self.nonce);
        Ok(texts.iter().any(|text| is_signed_by(text, &signature, signer.address)).then_some(signer))
    }

    /// Whether the contract at the address says that its owner signed, on each of `chains` where there is one.
    ///
    /// Each, since the same address may belong to others on other chains; callers give the one chain that matters if
    /// there is one.
    ///
    /// # Errors
    /// There is no such contract, or it says no.
    pub async fn by_wallet(&self, chains: &[&Arc<Chain>]) -> Result<Signer, SignatureRefusal> {
        let signer = self.claimed()?;
        let Some(bytes) = wallet_signature(self.signature) else { return Err(self.refusal()) };
        let mut accepted = false;
        for chain in chains {
            match self.accepted_on(chain, signer.address, &bytes).await {
                Ok(None) => {}
                Ok(Some(true)) => accepted = true,
                Ok(Some(false)) => return Err(self.refusal()),
                Err(error) => {
                    tracing::warn!(chain = chain.id(), %error, "a wallet's signature cannot be checked");
                    return Err(SignatureRefusal::Unavailable);
                }
            }
        }
        if accepted { Ok(signer) } else { Err(self.refusal()) }
    }

    /// What the contract at `wallet` says; nothing if there is none.
    async fn accepted_on(
        &self,
        chain: &Chain,
        wallet: Address,
        signature: &[u8],
    ) -> Result<Option<bool>, ChainError> {
        if !chain.has_code(wallet).await?.value() {
            return Ok(None);
        }
        for text in self.request.texts(self.address, self.nonce) {
            for hash in wallet_hashes(&text) {
                if chain.wallet_accepts(wallet, hash, signature).await? {
                    return Ok(Some(true));
                }
            }
        }
        Ok(Some(false))
    }

    fn claimed(&self) -> Result<Signer, SignatureRefusal> {
        let not_signed =
            |what: &str| SignatureRefusal::NotSigned(format!("Invalid signature provided: {what}."));
        let address =
            self.address.parse().map_err(|_| not_signed("the address is not an Ethereum address"))?;
        let nonce = Nonce::parse(self.nonce).map_err(|error| not_signed(&error.to_string()))?;
        Ok(Signer { address, nonce })
    }

    fn refusal(&self) -> SignatureRefusal {
        let texts = self.request.texts(self.address, self.nonce);
        let text = texts.first().map(String::as_str).unwrap_or_default();
        let got = match Signature::parse(self.signature) {
            Ok(signature) => recover(text, &signature)
                .map_or_else(|| "a signature of nobody".to_owned(), |address| address.to_string()),
            Err(error) => error.to_string(),
        };
        let message = text.strip_suffix(self.nonce).unwrap_or(text);
        SignatureRefusal::NotSigned(format!(
            "Invalid signature for ethereum address {}, message {message} and nonce {}. Got {got}",
            self.address, self.nonce
        ))
    }
}
