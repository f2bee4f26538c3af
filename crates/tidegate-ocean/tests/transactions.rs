//! Transactions and proofs are, byte for byte, those that ethers makes.
#![allow(clippy::unwrap_used, missing_docs)]

use serde::Deserialize;
use tidegate_ocean::{
    Address, B256, Bytes, Execution, GasPrice, NotProvable, ProviderKey, SignedTransaction, Transaction,
    keccak256,
};

#[derive(Deserialize)]
struct Made {
    key: String,
    transactions: Vec<Sent>,
    proof: Proof,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    chain_id: u64,
    nonce: u64,
    price: Option<String>,
    tip: Option<String>,
    most: Option<String>,
    gas: u64,
    to: Address,
    data: Bytes,
    raw: Bytes,
    hash: B256,
}

#[derive(Deserialize)]
struct Proof {
    order: B256,
    document: String,
    text: String,
    consumer: Address,
    signature: String,
    call: Bytes,
}

fn made() -> (ProviderKey, Vec<Sent>, Proof) {
    let Made { key, transactions, proof } =
        serde_json::from_str(include_str!("../testdata/transactions.json")).unwrap();
    (ProviderKey::parse(&key).unwrap(), transactions, proof)
}

fn wei(text: Option<&String>) -> u128 {
    text.unwrap().parse().unwrap()
}

#[test]
fn transactions_are_those_of_ethers() {
    let (key, transactions, _) = made();
    assert!(transactions.iter().any(|sent| sent.price.is_some()));
    for sent in transactions {
        let price = match &sent.price {
            Some(price) => GasPrice::Fixed(price.parse().unwrap()),
            None => GasPrice::Market { tip: wei(sent.tip.as_ref()), most: wei(sent.most.as_ref()) },
        };
        let Sent { chain_id, nonce, gas, to, data, raw, hash, .. } = sent;
        let ours = Transaction { chain_id, nonce, price, gas, to, data };
        assert_eq!(ours.sign(&key), SignedTransaction { raw, hash });
    }
}

/// Some of the signatures have numbers that begin with zeros.
#[test]
fn transactions_are_as_long_as_they_say() {
    let (key, _, proof) = made();
    let template = Transaction {
        chain_id: 1,
        nonce: 0,
        price: GasPrice::Fixed(1),
        gas: 21_000,
        to: proof.consumer,
        data: Bytes::new(),
    };
    let lengths: std::collections::BTreeSet<_> = (128..900)
        .map(|nonce| {
            let signed = Transaction { nonce: 0x1000 + nonce, ..template.clone() }.sign(&key);
            assert_eq!(signed.hash, keccak256(&signed.raw));
            assert_eq!(usize::from(signed.raw[1]) + 2, signed.raw.len());
            signed.raw.len()
        })
        .collect();
    assert!(lengths.len() > 1, "{lengths:?}");
}

#[test]
fn a_proof_is_the_call_that_ethers_makes() {
    let (key, _, Proof { order, document, text, consumer, signature, call }) = made();
    let execution =
        Execution { order_tx: order, document: &document, consumer, text: &text, signature: &signature };
    assert_eq!(execution.call(&key), Ok(call.clone()));
    // The contract takes one spelling of a signature; clients have others.
    assert_eq!(Execution { signature: &signature[2..].to_uppercase(), ..execution }.call(&key), Ok(call));
    assert_eq!(Execution::nonsense()[..4], execution.call(&key).unwrap()[..4]);
}

#[test]
fn what_the_contract_would_refuse_is_no_proof() {
    let (key, _, Proof { order, document, text, consumer, signature, .. }) = made();
    let execution =
        Execution { order_tx: order, document: &document, consumer, text: &text, signature: &signature };
    for (other, why) in [
        (Execution { text: "did:op:00ff2", ..execution }, NotProvable::Signature),
        (Execution { consumer: Address::ZERO, ..execution }, NotProvable::Signature),
        (Execution { signature: "0x1234", ..execution }, NotProvable::Signature),
        (Execution { consumer: key.address(), ..execution }, NotProvable::Own),
    ] {
        assert_eq!(other.call(&key), Err(why));
    }
}
