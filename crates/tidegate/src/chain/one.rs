//! One chain and the questions it answers.

use std::sync::Arc;
use std::time::Duration;

use alloy_sol_types::SolCall;
use moka::sync::Cache;
use serde_json::json;
use tidegate_ocean::{Address, B256, Bytes, ProviderKey, Receipt, U256};
use tokio::sync::Mutex;

use super::addresses::Contracts;
use super::contracts::{DataNft, Factory, Wallet};
use super::error::{ChainError, ChainLabel};
use super::health::Looks;
use super::memory::{Fact, Memory};
use super::names::network_name;
use super::receipt::{RawBlock, RawReceipt};
use super::rpc::{Call, Rpc};

/// A chain: who we are on it, and what it knows.
pub struct Chain {
    id: u64,
    rpc: Arc<Rpc>,
    key: ProviderKey,
    fee_token: Option<Address>,
    contracts: Contracts,
    receipts: Memory<B256, Option<Arc<Receipt>>>,
    timestamps: Cache<B256, u64>,
    head: Memory<(), u64>,
    states: Memory<Address, u8>,
    owners: Memory<Address, Address>,
    codes: Memory<Address, bool>,
    deployed: Cache<Address, ()>,
    looks: Looks,
    /// Whoever holds it sends a transaction. In it is the least nonce of the next.
    pub(super) turn: Mutex<u64>,
}

/// How long a state, an owner or code is taken for current. Whoever changes one waits no longer for it to count.
const FRESH: Duration = Duration::from_secs(10);
/// About the time of a block.
const HEAD_FRESH: Duration = Duration::from_secs(2);
/// For how long these bridge an outage of all nodes.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// Facts that cannot change.
const REMEMBERED: u64 = 10_000;

/// Bytes of an answer that holds a number, a flag or a few words.
pub(super) const SMALL: usize = 64 << 10;
/// Bytes of a receipt. One block's gas can pay for about as much, no order for a hundredth of it.
const RECEIPT: usize = 8 << 20;
/// Bytes of a block's header with its transactions' hashes, and of a contract's code, twice what exists.
pub(super) const LARGE: usize = 2 << 20;
/// Bytes of the answer of a contract that a publisher names: about 2 MiB of data, in hex.
const DATA: usize = 4 << 20;
/// Gas for a call, so that a contract cannot keep a node busy for long.
const GAS: u64 = 30_000_000;
/// The longest signature that a wallet is asked about.
const SIGNATURE: usize = 16 << 10;

impl Chain {
    pub(super) fn new(
        id: u64,
        rpc: Arc<Rpc>,
        key: ProviderKey,
        fee_token: Option<Address>,
        contracts: Contracts,
    ) -> Self {
        Self {
            id,
            rpc,
            key,
            fee_token,
            contracts,
            receipts: Memory::shared(),
            timestamps: Cache::new(REMEMBERED),
            head: Memory::new(HEAD_FRESH, STALE),
            states: Memory::new(FRESH, STALE),
            owners: Memory::new(FRESH, STALE),
            codes: Memory::new(FRESH, STALE),
            deployed: Cache::new(REMEMBERED),
            looks: Looks::default(),
            turn: Mutex::new(0),
        }
    }

    /// The chain's id (EIP-155).
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What the chain is called in error texts; `Unknown` if the Python Provider does not know it either.
    #[must_use]
    pub fn name(&self) -> &'static str {
        network_name(self.id)
    }

    /// Our key on this chain.
    #[must_use]
    pub fn key(&self) -> &ProviderKey {
        &self.key
    }

    /// The token that our fees are paid in. For a fee of nothing the zero address does as well.
    ///
    /// # Errors
    /// [`ChainError::NoFeeToken`] when neither `PROVIDER_FEE_TOKEN` nor `ADDRESS_FILE` says.
    pub fn fee_token(&self) -> Result<Address, ChainError> {
        self.fee_token.or(self.contracts.ocean).ok_or(ChainError::NoFeeToken(self.id))
    }

    /// The receipt of a transaction in a block; `None` if no node knows one. A new transaction may be known to some
    /// nodes only, so all are asked before it is unknown, which takes a fraction of a second.
    ///
    /// # Errors
    /// An outage; [`ChainError::TooLarge`].
    pub async fn receipt(&self, tx: B256) -> Result<Option<Arc<Receipt>>, ChainError> {
        let ask = || async {
            let call = Call::new("eth_getTransactionReceipt", &json!([tx]), RECEIPT);
            let found = self.rpc.find::<RawReceipt>(&call).await?;
            let Some(mined) = found.and_then(|receipt| receipt.mined(tx)) else { return Ok(None) };
            let timestamp = self.timestamp(mined.block_hash).await?;
            Ok(timestamp.map(|timestamp| Arc::new(mined.at(timestamp))))
        };
        Ok(self.receipts.get(tx, ask).await?.value())
    }

    /// How many blocks the receipt is under, its own included: at least 1. May be behind by a few seconds, never ahead.
    ///
    /// # Errors
    /// An outage.
    pub async fn confirmations(&self, receipt: &Receipt) -> Result<u64, ChainError> {
        let ask = || async {
            let head: U256 = self.rpc.ask(&Call::new("eth_blockNumber", &json!([]), SMALL)).await?;
            self.number(head)
        };
        // A stale head is still one that the chain has passed.
        let head = self.head.get((), ask).await?.value();
        Ok(head.saturating_sub(receipt.block).saturating_add(1))
    }

    /// The state of a data NFT's metadata: 0 active, 1 end of life, 2 deprecated, 3 revoked, 4 ordering disabled, 5 unlisted.
    ///
    /// # Errors
    /// An outage; [`ChainError::Reverted`] or [`ChainError::Unexpected`] when this is no data NFT.
    pub async fn nft_state(&self, nft: Address) -> Result<Fact<u8>, ChainError> {
        let ask = || async { Ok(self.view(nft, &DataNft::getMetaDataCall {}).await?.state) };
        self.states.get(nft, ask).await
    }

    /// Who owns a data NFT, that is, its first and only token.
    ///
    /// # Errors
    /// As [`Chain::nft_state`].
    pub async fn nft_owner(&self, nft: Address) -> Result<Fact<Address>, ChainError> {
        let call = DataNft::ownerOfCall { tokenId: U256::from(1) };
        let ask = || self.view(nft, &call);
        self.owners.get(nft, ask).await
    }

    /// Whether there is a contract at `address`.
    ///
    /// # Errors
    /// An outage.
    pub async fn has_code(&self, address: Address) -> Result<Fact<bool>, ChainError> {
        let ask = || async {
            let call = Call::new("eth_getCode", &json!([address, "latest"]), LARGE);
            let code: Bytes = self.rpc.ask(&call).await?;
            Ok(!code.is_empty())
        };
        self.codes.get(address, ask).await
    }

    /// Whether the contract at `wallet` takes `signature` for one of its own over `hash` (ERC-1271). No contract, a
    /// contract that fails, and one that answers anything else do not.
    ///
    /// # Errors
    /// An outage.
    pub async fn wallet_accepts(
        &self,
        wallet: Address,
        hash: B256,
        signature: &[u8],
    ) -> Result<bool, ChainError> {
        if signature.len() > SIGNATURE || !self.has_code(wallet).await?.value() {
            return Ok(false);
        }
        let call = Wallet::isValidSignatureCall { hash, signature: signature.to_vec().into() };
        let answer = self.eth_call(wallet, &call.abi_encode().into(), SMALL).await;
        match answer {
            Ok(answer) => Ok(accepts(&answer)),
            Err(error) if error.is_outage() => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Whether a data NFT comes from Ocean's factory.
    ///
    /// # Errors
    /// An outage; [`ChainError::NoFactory`] without the factory's address in `ADDRESS_FILE`; as [`Chain::nft_state`] when
    /// there is no factory.
    pub async fn factory_deployed(&self, nft: Address) -> Result<bool, ChainError> {
        if self.deployed.contains_key(&nft) {
            return Ok(true);
        }
        let factory = self.contracts.factory.ok_or(ChainError::NoFactory(self.id))?;
        let known = self.view(factory, &Factory::erc721ListCall { nft }).await?;
        if known == nft && nft != Address::ZERO {
            self.deployed.insert(nft, ());
            return Ok(true);
        }
        Ok(false)
    }

    /// What the contract at `to` answers to `data`, as of the last block.
    ///
    /// # Errors
    /// An outage; [`ChainError::Reverted`]; [`ChainError::TooLarge`].
    pub async fn call(&self, to: Address, data: &Bytes) -> Result<Bytes, ChainError> {
        self.eth_call(to, data, DATA).await
    }

    /// The time of a block, in seconds since 1970; `None` if no node knows the block any more.
    async fn timestamp(&self, block: B256) -> Result<Option<u64>, ChainError> {
        if let Some(known) = self.timestamps.get(&block) {
            return Ok(Some(known));
        }
        let call = Call::new("eth_getBlockByHash", &json!([block, false]), LARGE);
        let found = self.rpc.find::<RawBlock>(&call).await?;
        let timestamp = found.and_then(|block| block.timestamp());
        if let Some(timestamp) = timestamp {
            self.timestamps.insert(block, timestamp);
        }
        Ok(timestamp)
    }

    async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, ChainError> {
        let answer = self.eth_call(to, &call.abi_encode().into(), SMALL).await?;
        C::abi_decode_returns(&answer).map_err(|_| ChainError::Unexpected(self.rpc.label()))
    }

    async fn eth_call(&self, to: Address, data: &Bytes, limit: usize) -> Result<Bytes, ChainError> {
        let what = json!({ "to": to, "data": data, "gas": format!("{GAS:#x}") });
        self.rpc.ask(&Call::new("eth_call", &json!([what, "latest"]), limit)).await
    }

    /// The chain's nodes.
    pub(super) fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// How its nodes were when they were last looked at.
    pub(super) fn looks(&self) -> &Looks {
        &self.looks
    }

    /// The chain in texts.
    pub(super) fn label(&self) -> ChainLabel {
        self.rpc.label()
    }

    pub(super) fn number(&self, number: U256) -> Result<u64, ChainError> {
        u64::try_from(number).map_err(|_| ChainError::Unexpected(self.rpc.label()))
    }
}

/// ERC-1271: the magic value, left-aligned in one word. Words after it are ignored, as Solidity does.
fn accepts(answer: &[u8]) -> bool {
    const MAGIC: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];
    answer.len() >= 32 && answer[..4] == MAGIC && answer[4..32] == [0; 28]
}
