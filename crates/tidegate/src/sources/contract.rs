//! Files that are a contract's answer.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use tidegate_ocean::{Address, Bytes as CallData, ContractCall};

use super::{Opened, SourceError, name::named};
use crate::chain::Chains;

const JSON: &str = "application/json";

/// Chains whose contracts can be asked.
pub trait Contracts: Send + Sync {
    /// What the contract `to` on the chain with this id answers to `data`.
    fn call<'a>(
        &'a self,
        chain_id: u64,
        to: Address,
        data: &'a CallData,
    ) -> BoxFuture<'a, Result<CallData, SourceError>>;
}

impl Contracts for Chains {
    fn call<'a>(
        &'a self,
        chain_id: u64,
        to: Address,
        data: &'a CallData,
    ) -> BoxFuture<'a, Result<CallData, SourceError>> {
        Box::pin(async move {
            let chain = self.get(chain_id).await.map_err(|_| SourceError::Contract)?;
            chain.call(to, data).await.map_err(|_| SourceError::Contract)
        })
    }
}

/// Calls the contract and makes its answer a file.
pub(super) async fn open(
    contracts: &dyn Contracts,
    chain_id: u64,
    address: Address,
    call: &ContractCall,
) -> Result<Opened, SourceError> {
    let returned = contracts.call(chain_id, address, call.calldata()).await?;
    let answer = Bytes::from(call.answer(&returned)?);
    Ok(Opened {
        content_type: Some(HeaderValue::from_static(JSON)),
        file_name: named(None, Some(JSON)),
        ..Opened::bytes(answer)
    })
}
