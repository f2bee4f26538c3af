//! Transactions that the Provider sends: written and signed as nodes take them (EIP-155 and EIP-1559).

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_rlp::{Encodable, Header};

use crate::key::ProviderKey;

/// A call of a contract that moves no money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The chain it is good on.
    pub chain_id: u64,
    /// How many transactions its sender has sent before.
    pub nonce: u64,
    /// What its sender pays for gas.
    pub price: GasPrice,
    /// The most gas it may use.
    pub gas: u64,
    /// The contract.
    pub to: Address,
    /// What is called, and with what.
    pub data: Bytes,
}

/// What one unit of gas may cost, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GasPrice {
    /// This much, on chains from before EIP-1559.
    Fixed(u128),
    /// What the block asks for, and something for its maker.
    Market {
        /// For the maker.
        tip: u128,
        /// The most, tip included.
        most: u128,
    },
}

/// A transaction that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// What a node takes.
    pub raw: Bytes,
    /// Its name.
    pub hash: B256,
}

/// The type of a transaction with a tip (EIP-2718).
const MARKET: u8 = 2;

impl Transaction {
    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &ProviderKey) -> SignedTransaction {
        let hash = keccak256(match self.price {
            GasPrice::Fixed(_) => self.write(&[&self.chain_id, &0_u8, &0_u8]),
            GasPrice::Market { .. } => self.write(&[]),
        });
        let signature = key.sign_hash(&hash);
        let (r, s) = signature.as_bytes()[..64].split_at(32);
        let (r, s) = (without_zeros(r), without_zeros(s));
        let parity = signature.as_bytes()[64] - 27;
        let raw = match self.price {
            GasPrice::Fixed(_) => {
                let v = u128::from(self.chain_id) * 2 + 35 + u128::from(parity);
                self.write(&[&v, &r, &s])
            }
            GasPrice::Market { .. } => self.write(&[&parity, &r, &s]),
        };
        SignedTransaction { hash: keccak256(&raw), raw: raw.into() }
    }

    /// Its members and `more`.
    fn write(&self, more: &[&dyn Encodable]) -> Vec<u8> {
        const NO_MONEY: u8 = 0;
        let call: [&dyn Encodable; 4] = [&self.gas, &self.to, &NO_MONEY, &self.data];
        match &self.price {
            GasPrice::Fixed(price) => {
                let head: [&dyn Encodable; 2] = [&self.nonce, price];
                list(Vec::new(), &[&head, &call, more])
            }
            GasPrice::Market { tip, most } => {
                let head: [&dyn Encodable; 4] = [&self.chain_id, &self.nonce, tip, most];
                list(vec![MARKET], &[&head, &call, &[&NoAccessList], more])
            }
        }
    }
}

impl GasPrice {
    /// An eighth more, and no less than `market`. For a transaction that takes the place of another, nodes want a tenth.
    #[must_use]
    pub fn raised(self, market: Self) -> Self {
        let raise = |price: u128| price.saturating_add(price / 8).saturating_add(1);
        match (self, market) {
            (Self::Fixed(price), Self::Fixed(now)) => Self::Fixed(raise(price).max(now)),
            (Self::Market { tip, most }, Self::Market { tip: tip_now, most: most_now }) => {
                Self::Market { tip: raise(tip).max(tip_now), most: raise(most).max(most_now) }
            }
            // A chain changes its rules once in its life.
            (_, market) => market,
        }
    }
}

/// Appends the list of all `parts` to `out`.
fn list(mut out: Vec<u8>, parts: &[&[&dyn Encodable]]) -> Vec<u8> {
    let members = || parts.iter().copied().flatten();
    Header { list: true, payload_length: members().map(Encodable::length).sum() }.encode(&mut out);
    members().for_each(|member| member.encode(&mut out));
    out
}

/// A number of 32 bytes, as RLP has numbers.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// The empty list of EIP-2930.
struct NoAccessList;

impl Encodable for NoAccessList {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        Header { list: true, payload_length: 0 }.encode(out);
    }

    fn length(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_that_is_raised_is_a_tenth_higher_and_not_below_the_market() {
        let raised = GasPrice::Fixed(100).raised(GasPrice::Fixed(50));
        assert_eq!(raised, GasPrice::Fixed(113));
        assert_eq!(GasPrice::Fixed(0).raised(GasPrice::Fixed(0)), GasPrice::Fixed(1));
        assert_eq!(GasPrice::Fixed(u128::MAX).raised(GasPrice::Fixed(1)), GasPrice::Fixed(u128::MAX));
        let raised = GasPrice::Market { tip: 8, most: 80 }.raised(GasPrice::Market { tip: 2, most: 200 });
        assert_eq!(raised, GasPrice::Market { tip: 10, most: 200 });
    }
}
