//! Receipts of transactions: whatever is in them, only an order that we signed a fee for pays.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_ocean::{
    Address, B256, Bytes, FeeTime, Log, OrderAsk, Receipt, check_order, keccak256, metadata_of, reused_order,
};

const EVENTS: [&str; 5] = [
    "OrderStarted(address,address,uint256,uint256,uint256,address,uint256)",
    "OrderReused(bytes32,address,uint256,uint256)",
    "ProviderFee(address,address,uint256,bytes,uint8,bytes32,bytes32,uint256)",
    "MetadataCreated(address,uint8,string,bytes,bytes,bytes32,uint256,uint256)",
    "MetadataUpdated(address,uint8,string,bytes,bytes,bytes32,uint256,uint256)",
];

fuzz_target!(|data: &[u8]| {
    // Each log: its event, its number of topics, its length in 32 bytes, and its data.
    let mut logs = vec![];
    let mut rest = data;
    while let [event, topics, words, more @ ..] = rest {
        let length = (usize::from(*words) * 32).min(more.len());
        let (body, left) = more.split_at(length);
        let name = EVENTS[usize::from(*event) % EVENTS.len()];
        let mut all = vec![keccak256(name)];
        all.resize(usize::from(*topics % 5), B256::ZERO);
        logs.push(Log { address: Address::ZERO, topics: all, data: Bytes::copy_from_slice(body) });
        rest = left;
    }
    let from = Address::ZERO;
    let receipt = Receipt { tx: B256::ZERO, status: true, block: 1, timestamp: 1, logs, from, to: None };
    let ask = OrderAsk {
        datatoken: Address::ZERO,
        service_id: "a",
        service_index: 0,
        timeout: 0,
        consumer: Address::ZERO,
        provider: Address::repeat_byte(1),
        now: 1,
        fee_time: FeeTime::Counts,
    };
    let _ = (metadata_of(&receipt, Address::ZERO), reused_order(&receipt, &ask));
    // Nobody has the key of the provider's address, so nothing pays.
    assert!(check_order(&receipt, Some(&receipt), &ask).is_err());
});
