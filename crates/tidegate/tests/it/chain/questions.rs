//! What a chain says about orders, data NFTs and wallets.

use std::io::Write as _;

use serde_json::{Value, json};
use tidegate::chain::{ChainError, Fact};
use tidegate::config::PerChain;
use tidegate_ocean::{B256, Bytes, Log, Receipt};

use super::{ID, address, chain, mine, patient, served, settings};
use crate::support::chain::{FakeChain, Fault, GENESIS};

#[tokio::test]
async fn a_receipt_tells_who_did_what_and_when() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    let receipt = chain(&[&node], patient()).await.receipt(tx).await.unwrap().unwrap();
    let log = Log { address: address(7), topics: vec![B256::repeat_byte(8)], data: vec![9].into() };
    assert_eq!(
        *receipt,
        Receipt {
            tx,
            status: true,
            block: 1,
            timestamp: GENESIS + 60,
            logs: vec![log],
            from: address(1),
            to: Some(address(2)),
        }
    );
}

#[tokio::test]
async fn a_failed_transaction_and_one_that_made_a_contract_are_receipts_too() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    node.set_in_receipt(tx, "status", json!("0x0"));
    node.set_in_receipt(tx, "to", Value::Null);
    let receipt = chain(&[&node], patient()).await.receipt(tx).await.unwrap().unwrap();
    assert!(!receipt.status);
    assert_eq!(receipt.to, None);
}

#[tokio::test]
async fn a_receipt_counts_once_it_is_in_a_block() {
    let node = FakeChain::start(ID).await;
    let (pending, foreign) = (mine(&node), mine(&node));
    node.set_in_receipt(pending, "blockHash", Value::Null);
    node.set_in_receipt(pending, "blockNumber", Value::Null);
    node.set_in_receipt(foreign, "transactionHash", json!(pending));
    let chain = chain(&[&node], patient()).await;
    assert_eq!(chain.receipt(pending).await, Ok(None));
    assert_eq!(chain.receipt(foreign).await, Ok(None));
}

#[tokio::test]
async fn a_receipt_that_is_gone_is_gone() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    let chain = chain(&[&node], patient()).await;
    assert!(chain.receipt(tx).await.unwrap().is_some());
    node.forget(tx);
    assert_eq!(chain.receipt(tx).await, Ok(None));
}

#[tokio::test]
async fn confirmations_count_the_block_itself() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    node.mine_empty(4);
    let early = chain(&[&node], patient()).await;
    let receipt = early.receipt(tx).await.unwrap().unwrap();
    assert_eq!(early.confirmations(&receipt).await, Ok(5));
    let ahead = Receipt { block: 1000, ..(*receipt).clone() };
    assert_eq!(early.confirmations(&ahead).await, Ok(1), "the node that counts is behind");
}

#[tokio::test]
async fn an_answer_beyond_all_measure_is_not_read() {
    let node = FakeChain::start(ID).await;
    let chain = chain(&[&node], patient()).await;
    assert_eq!(chain.has_code(address(1)).await, Ok(Fact::Fresh(false)));
    node.fail(Fault::Bytes(32 << 20));
    assert!(matches!(chain.receipt(B256::ZERO).await, Err(ChainError::TooLarge(_))));
}

#[tokio::test]
async fn a_data_nft_has_a_state_and_an_owner() {
    let node = FakeChain::start(ID).await;
    node.set_nft(address(3), 2, address(4));
    node.set_code(address(5));
    let chain = chain(&[&node], patient()).await;
    assert_eq!(chain.nft_state(address(3)).await, Ok(Fact::Fresh(2)));
    assert_eq!(chain.nft_owner(address(3)).await, Ok(Fact::Fresh(address(4))));
    assert_eq!(chain.nft_owner(address(3)).await, Ok(Fact::Fresh(address(4))));
    assert_eq!(node.asked("eth_call"), 2, "a fact is remembered for a while");
    assert!(matches!(chain.nft_state(address(5)).await, Err(ChainError::Reverted(_))));
    assert!(matches!(chain.nft_state(address(6)).await, Err(ChainError::Unexpected(_))));
}

#[tokio::test]
async fn a_contract_wallet_is_asked_about_its_signatures() {
    let node = FakeChain::start(ID).await;
    let (wallet, hash) = (address(3), B256::repeat_byte(1));
    node.set_wallet(wallet, hash, &[5; 65]);
    let chain = chain(&[&node], patient()).await;
    assert_eq!(chain.wallet_accepts(wallet, hash, &[5; 65]).await, Ok(true));
    assert_eq!(chain.wallet_accepts(wallet, hash, &[6; 65]).await, Ok(false));
    assert_eq!(chain.wallet_accepts(wallet, B256::ZERO, &[5; 65]).await, Ok(false));
    assert_eq!(chain.wallet_accepts(wallet, hash, &[5; 1 << 20]).await, Ok(false));
    let calls = node.asked("eth_call");
    assert_eq!(chain.wallet_accepts(address(4), hash, &[5; 65]).await, Ok(false));
    assert_eq!(node.asked("eth_call"), calls, "a person's address is not called");
    node.fail(Fault::Status(502));
    assert!(chain.wallet_accepts(wallet, hash, &[5; 65]).await.unwrap_err().is_outage());
}

#[tokio::test]
async fn only_the_exact_word_of_a_wallet_is_a_yes() {
    let node = FakeChain::start(ID).await;
    let wallet = address(3);
    node.set_code(wallet);
    let chain = chain(&[&node], patient()).await;
    let word = |start: &[u8]| [start, &[0; 32][start.len()..]].concat();
    let longer = [word(&[0x16, 0x26, 0xba, 0x7e]), vec![1; 1 << 20]].concat();
    let answers = [
        vec![],
        vec![0x16, 0x26, 0xba, 0x7e],
        word(&[0xff, 0xff, 0xff, 0xff]),
        word(&[0x16, 0x26, 0xba, 0x7e, 1]),
        vec![0; 32],
        longer,
    ];
    for answer in answers {
        node.set_answer(wallet, [], Ok(answer.clone()));
        let accepted = chain.wallet_accepts(wallet, B256::ZERO, &[5; 65]).await;
        assert_eq!(accepted, Ok(false), "{} bytes", answer.len());
    }
}

#[tokio::test]
async fn the_factory_and_the_fee_token_come_from_the_address_file() {
    let node = FakeChain::start(ID).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let contracts =
        json!({ "development": { "chainId": ID, "Ocean": address(8), "ERC721Factory": address(9) } });
    file.write_all(contracts.to_string().as_bytes()).unwrap();
    node.set_deployed(address(9), address(3));
    let mut config = settings(&[node.url()]);

    let without = served(&config, patient()).await;
    assert!(without.factory_deployed(address(3)).await.unwrap_err().to_string().contains("ADDRESS_FILE"));
    assert!(without.fee_token().unwrap_err().to_string().contains("PROVIDER_FEE_TOKEN"));

    config.provider.address_file = Some(file.path().to_owned());
    let chain = served(&config, patient()).await;
    assert_eq!(chain.fee_token(), Ok(address(8)));
    assert_eq!(chain.factory_deployed(address(3)).await, Ok(true));
    assert_eq!(chain.factory_deployed(address(4)).await, Ok(false));
    node.fail(Fault::Status(502));
    assert_eq!(chain.factory_deployed(address(3)).await, Ok(true));
    assert!(chain.factory_deployed(address(4)).await.unwrap_err().is_outage());

    config.provider.fee_token = Some(PerChain::All(address(5)));
    assert_eq!(served(&config, patient()).await.fee_token(), Ok(address(5)));
}

#[tokio::test]
async fn any_contract_can_be_called() {
    let node = FakeChain::start(ID).await;
    node.set_code(address(3));
    node.set_answer(address(3), [1, 2, 3, 4], Ok(vec![7; 100]));
    let chain = chain(&[&node], patient()).await;
    let (known, unknown) = (Bytes::from_static(&[1, 2, 3, 4, 5]), Bytes::from_static(&[9]));
    assert_eq!(chain.call(address(3), &known).await, Ok(vec![7; 100].into()));
    assert!(matches!(chain.call(address(3), &unknown).await, Err(ChainError::Reverted(_))));
}
