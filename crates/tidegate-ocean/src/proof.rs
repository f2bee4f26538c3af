//! Proofs that an order was served: what the Provider tells a datatoken's contract, which checks both signatures in it
//! and announces it (`orderExecuted` of Ocean's ERC-20 templates).

use alloy_primitives::{Address, B256, Bytes, Keccak256};
use alloy_sol_types::{SolCall as _, sol};
use thiserror::Error;

use crate::key::ProviderKey;
use crate::signature::{Signature, recover};

#[allow(missing_docs)]
mod calls {
    use super::sol;

    sol! {
        function orderExecuted(
            bytes32 orderTxId, bytes providerData, bytes providerSignature, bytes consumerData,
            bytes consumerSignature, address consumerAddress
        );
    }
}

use calls::orderExecutedCall;

/// That an order was served.
#[derive(Clone, Copy, Debug)]
pub struct Execution<'a> {
    /// The transaction of the order.
    pub order_tx: B256,
    /// What was delivered, in words that anyone will be able to read.
    pub document: &'a str,
    /// Who asked for it.
    pub consumer: Address,
    /// What they signed to ask.
    pub text: &'a str,
    /// Their signature, as it was sent.
    pub signature: &'a str,
}

/// Why the contract would refuse a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotProvable {
    /// The contract knows one form only, and no contract wallets.
    #[error("the consumer's signature is not one that the contract can check")]
    Signature,
    /// The contract takes no proofs from providers about themselves.
    #[error("the consumer is the provider")]
    Own,
}

impl Execution<'_> {
    /// The call that the owner of `key` makes, which is the provider.
    ///
    /// # Errors
    /// The contract would refuse it.
    pub fn call(&self, key: &ProviderKey) -> Result<Bytes, NotProvable> {
        if self.consumer == key.address() {
            return Err(NotProvable::Own);
        }
        let signature = Signature::parse(self.signature).map_err(|_| NotProvable::Signature)?;
        if recover(self.text, &signature) != Some(self.consumer) {
            return Err(NotProvable::Signature);
        }
        let mut hasher = Keccak256::new();
        hasher.update(self.order_tx);
        hasher.update(self.document);
        let ours = key.sign_personal(&hasher.finalize());
        let call = orderExecutedCall {
            orderTxId: self.order_tx,
            providerData: bytes(self.document),
            providerSignature: Bytes::copy_from_slice(ours.as_bytes()),
            consumerData: bytes(self.text),
            consumerSignature: Bytes::copy_from_slice(signature.as_bytes()),
            consumerAddress: self.consumer,
        };
        Ok(call.abi_encode().into())
    }

    /// A call that says nothing and that nobody signed. A contract that checks proofs refuses it; one that does not know
    /// them takes it, as Ocean's contracts take every call that they do not know.
    #[must_use]
    pub fn nonsense() -> Bytes {
        let call = orderExecutedCall {
            orderTxId: B256::ZERO,
            providerData: Bytes::new(),
            providerSignature: Bytes::new(),
            consumerData: Bytes::new(),
            consumerSignature: Bytes::new(),
            consumerAddress: Address::ZERO,
        };
        call.abi_encode().into()
    }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
