//! Orders as buyers make them, and as thieves would like them.

use std::time::Duration;

use alloy_primitives::{Bytes, address};
use alloy_sol_types::SolEvent;

use super::*;
use crate::fee::FeeQuote;
use crate::key::ProviderKey;
use crate::receipt::{Log, OrderReused, ProviderFeeEvent};

const DATATOKEN: Address = address!("0x5FbDB2315678afecb367f032d93F642f64180aa3");
const OTHER_DATATOKEN: Address = address!("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512");
const ANN: Address = address!("0x00000000000000000000000000000000000000a1");
const BOB: Address = address!("0x00000000000000000000000000000000000000b0");
const MALLORY: Address = address!("0x000000000000000000000000000000000000bad0");
const SERVICE: &str = "b4d208d6";
const INDEX: u64 = 1;
const NOON: u64 = 1_732_190_400;
const HOUR: u64 = 3600;
const TX: B256 = B256::repeat_byte(1);
const REUSE_TX: B256 = B256::repeat_byte(2);

fn our_key() -> ProviderKey {
    ProviderKey::parse(&"11".repeat(32)).expect("a key")
}

fn their_key() -> ProviderKey {
    ProviderKey::parse(&"22".repeat(32)).expect("a key")
}

fn ask() -> OrderAsk<'static> {
    OrderAsk {
        datatoken: DATATOKEN,
        service_id: SERVICE,
        service_index: INDEX,
        timeout: HOUR,
        consumer: ANN,
        provider: our_key().address(),
        now: NOON + 60,
        fee_time: FeeTime::Counts,
    }
}

fn receipt(tx: B256, logs: impl IntoIterator<Item = Log>) -> Receipt {
    let logs = logs.into_iter().collect();
    Receipt { tx, status: true, block: 7, timestamp: NOON, logs, from: ANN, to: Some(DATATOKEN) }
}

fn log(contract: Address, event: &impl SolEvent) -> Log {
    let data = event.encode_log_data();
    Log { address: contract, topics: data.topics().to_vec(), data: data.data }
}

fn started() -> OrderStarted {
    OrderStarted {
        consumer: ANN,
        payer: ANN,
        amount: U256::from(ONE_DATATOKEN),
        serviceIndex: U256::from(INDEX),
        timestamp: U256::from(NOON),
        publishMarketAddress: MALLORY,
        blockNumber: U256::from(7),
    }
}

fn reused(original: B256, caller: Address, at: u64) -> OrderReused {
    OrderReused { orderTxId: original, caller, timestamp: U256::from(at), number: U256::from(8) }
}

fn quote() -> FeeQuote<'static> {
    FeeQuote {
        token: OTHER_DATATOKEN,
        amount: U256::ZERO,
        valid_until: 0,
        datatoken: DATATOKEN,
        service_id: SERVICE,
        environment: None,
        now: Duration::new(NOON - 30, 250_000_000),
    }
}

fn fee(key: &ProviderKey, quote: &FeeQuote<'_>) -> ProviderFeeEvent {
    let fee = ProviderFee::quote(key, quote);
    let json = fee.to_json();
    let word = |name: &str| json[name].as_str().and_then(|text| text.parse().ok()).expect("a word");
    ProviderFeeEvent {
        providerFeeAddress: fee.provider,
        providerFeeToken: fee.token,
        providerFeeAmount: fee.amount,
        providerData: fee.data,
        v: if json["v"] == 27 { 27 } else { 28 },
        r: word("r"),
        s: word("s"),
        validUntil: fee.valid_until,
    }
}

fn our_fee() -> Log {
    log(DATATOKEN, &fee(&our_key(), &quote()))
}

fn paid(order: &impl SolEvent) -> Receipt {
    receipt(TX, [log(DATATOKEN, order), our_fee()])
}

fn refusal(paid: &Receipt, ask: &OrderAsk<'_>) -> String {
    check_order(paid, None, ask).expect_err("refused").to_string()
}

#[test]
fn an_order_of_the_service_counts_for_its_consumer() {
    let order = check_order(&paid(&started()), None, &ask()).expect("an order");
    assert_eq!((order.tx, order.paid_tx, order.consumer, order.at), (TX, TX, ANN, NOON));
    assert_eq!(order.until(HOUR), Some(NOON + HOUR));
    assert_eq!(order.until(0), None);
    assert_eq!(reused_order(&paid(&started()), &ask()), None);
}

#[test]
fn consumer_and_payer_may_both_use_it_and_nobody_else() {
    let gift = paid(&OrderStarted { payer: BOB, ..started() });
    for consumer in [ANN, BOB] {
        assert!(check_order(&gift, None, &OrderAsk { consumer, ..ask() }).is_ok());
    }
    let stranger = OrderAsk { consumer: MALLORY, ..ask() };
    assert_eq!(refusal(&gift, &stranger), "sender of order transaction is not the consumer/payer.");
    let order = check_order(&gift, None, &ask()).expect("an order");
    assert_eq!(order.check_buyer(BOB), Ok(()));
    assert_eq!(order.check_buyer(MALLORY), Err(OrderRefusal::NotTheBuyer));
}

#[test]
fn an_order_through_a_smart_account_or_a_multicall_counts() {
    let account =
        Receipt { from: BOB, to: Some(MALLORY), ..paid(&OrderStarted { payer: MALLORY, ..started() }) };
    assert!(check_order(&account, None, &ask()).is_ok());
}

#[test]
fn an_order_among_others_of_its_transaction_is_found() {
    let for_bob = OrderStarted { consumer: BOB, payer: BOB, ..started() };
    let other_service = OrderStarted { serviceIndex: U256::ZERO, ..started() };
    let other_quote = fee(&our_key(), &FeeQuote { service_id: "other", ..quote() });
    let many = receipt(
        TX,
        [
            log(OTHER_DATATOKEN, &started()),
            log(OTHER_DATATOKEN, &fee(&our_key(), &FeeQuote { datatoken: OTHER_DATATOKEN, ..quote() })),
            log(DATATOKEN, &for_bob),
            our_fee(),
            log(DATATOKEN, &other_service),
            log(DATATOKEN, &other_quote),
            log(DATATOKEN, &started()),
            our_fee(),
        ],
    );
    for consumer in [ANN, BOB] {
        let order = check_order(&many, None, &OrderAsk { consumer, ..ask() }).expect("an order");
        assert_eq!(order.consumer, consumer);
    }
}

#[test]
fn one_fee_does_not_pay_for_the_orders_next_to_it() {
    let no_fee = fee(&their_key(), &quote());
    let for_bob = OrderStarted { consumer: BOB, payer: BOB, ..started() };
    let two = receipt(
        TX,
        [log(DATATOKEN, &started()), our_fee(), log(DATATOKEN, &for_bob), log(DATATOKEN, &no_fee)],
    );
    assert!(check_order(&two, None, &ask()).is_ok());
    let bob = OrderAsk { consumer: BOB, ..ask() };
    assert!(check_order(&two, None, &bob).is_err());
}

#[test]
fn events_of_another_contract_are_nothing() {
    let forged = receipt(TX, [log(MALLORY, &started()), log(MALLORY, &fee(&our_key(), &quote()))]);
    let no_fee = format!("Cannot find the event for the provider fee in tx id {TX}.");
    assert_eq!(refusal(&forged, &ask()), no_fee);
    let forged_order = receipt(TX, [log(MALLORY, &started()), our_fee()]);
    assert!(check_order(&forged_order, None, &ask()).is_err());
    let forged_fee = receipt(TX, [log(DATATOKEN, &started()), log(MALLORY, &fee(&our_key(), &quote()))]);
    assert_eq!(refusal(&forged_fee, &ask()), no_fee);
}

#[test]
fn a_fee_for_something_else_does_not_count() {
    let no_fee = format!("Cannot find the event for the provider fee in tx id {TX}.");
    let others =
        [FeeQuote { datatoken: OTHER_DATATOKEN, ..quote() }, FeeQuote { service_id: "another", ..quote() }];
    for other in others {
        let paid = receipt(TX, [log(DATATOKEN, &started()), log(DATATOKEN, &fee(&our_key(), &other))]);
        assert_eq!(refusal(&paid, &ask()), no_fee);
    }
    for data in ["", "{}", "[]", "{\"dt\":1,\"id\":2}", "\u{ff}"] {
        let odd = ProviderFeeEvent { providerData: Bytes::from(data), ..fee(&our_key(), &quote()) };
        let paid = receipt(TX, [log(DATATOKEN, &started()), log(DATATOKEN, &odd)]);
        assert_eq!(refusal(&paid, &ask()), no_fee, "{data}");
    }
}

#[test]
fn the_service_in_a_fee_is_compared_without_regard_to_case() {
    let upper = FeeQuote { service_id: "B4D208D6", ..quote() };
    let paid = receipt(TX, [log(DATATOKEN, &started()), log(DATATOKEN, &fee(&our_key(), &upper))]);
    assert!(check_order(&paid, None, &ask()).is_ok());
}

#[test]
fn a_fee_to_somebody_else_does_not_count() {
    let theirs = receipt(TX, [log(DATATOKEN, &started()), log(DATATOKEN, &fee(&their_key(), &quote()))]);
    let (them, us) = (their_key().address(), our_key().address());
    let text = format!("The providerFeeAddress {them} in the event does not match the provider address {us}");
    assert_eq!(refusal(&theirs, &ask()), text);
}

#[test]
fn a_fee_that_we_did_not_sign_does_not_count() {
    let signed = fee(&our_key(), &FeeQuote { amount: U256::from(5), ..quote() });
    let changed = [
        ProviderFeeEvent { providerFeeAmount: U256::ZERO, ..signed.clone() },
        ProviderFeeEvent { validUntil: U256::from(9), ..signed.clone() },
        ProviderFeeEvent { providerFeeToken: MALLORY, ..signed.clone() },
        ProviderFeeEvent { providerFeeAddress: our_key().address(), ..fee(&their_key(), &quote()) },
        ProviderFeeEvent { r: B256::ZERO, ..signed.clone() },
        ProviderFeeEvent { s: B256::ZERO, ..signed.clone() },
        ProviderFeeEvent { r: B256::repeat_byte(0xff), ..signed.clone() },
        ProviderFeeEvent { v: 29, ..signed.clone() },
    ];
    for fee in &changed {
        let paid = receipt(TX, [log(DATATOKEN, &started()), log(DATATOKEN, fee)]);
        let text = "Provider was not able to check the signed message in ProviderFees event";
        assert_eq!(refusal(&paid, &ask()), text);
    }
    let paid = receipt(TX, [log(DATATOKEN, &started()), log(DATATOKEN, &signed)]);
    assert!(check_order(&paid, None, &ask()).is_ok());
}

#[test]
fn an_order_of_another_service_or_for_too_little_does_not_count() {
    let no_order = format!("Cannot find the event for the order transaction with tx id {TX}.");
    for index in [U256::ZERO, U256::from(2), U256::MAX] {
        assert_eq!(refusal(&paid(&OrderStarted { serviceIndex: index, ..started() }), &ask()), no_order);
    }
    let cheap = paid(&OrderStarted { amount: U256::from(ONE_DATATOKEN - 1), ..started() });
    let text = "The amount in the event is less than the amount requested. \
                requested: amount=1000000000000000000 event: amount=999999999999999999";
    assert_eq!(refusal(&cheap, &ask()), text);
    let no_time = paid(&OrderStarted { timestamp: U256::MAX, ..started() });
    assert_eq!(refusal(&no_time, &ask()), no_order);
}

#[test]
fn a_failed_transaction_pays_nothing() {
    let failed = Receipt { status: false, ..paid(&started()) };
    assert_eq!(refusal(&failed, &ask()), "order transaction failed.");
}

#[test]
fn an_order_expires_after_the_services_timeout() {
    let paid = paid(&started());
    assert!(check_order(&paid, None, &OrderAsk { now: NOON + HOUR, ..ask() }).is_ok());
    let late = OrderAsk { now: NOON + HOUR + 1, ..ask() };
    let text = "The order has expired. current timestamp=1732194001.0 order timestamp=1732190400 \
                timestamp delta=3601.0 service timeout=3600";
    assert_eq!(refusal(&paid, &late), text);
    assert!(check_order(&paid, None, &OrderAsk { timeout: 0, now: u64::MAX, ..ask() }).is_ok());
    assert!(find_order(&paid, None, &late).is_ok());
    // A server whose clock is behind the chain's.
    assert!(check_order(&paid, None, &OrderAsk { now: NOON - 60, ..ask() }).is_ok());
}

#[test]
fn a_fee_lasts_as_long_as_it_was_quoted_for_counted_from_the_order() {
    let minutes = FeeQuote { valid_until: NOON - 30 + 600, ..quote() };
    let paid = receipt(TX, [log(DATATOKEN, &started()), log(DATATOKEN, &fee(&our_key(), &minutes))]);
    let end = NOON + 600 + BLOCK_TIME_LEEWAY;
    let order = check_order(&paid, None, &OrderAsk { now: end - 1, ..ask() }).expect("an order");
    assert_eq!(
        (order.fee_valid_until, order.until(HOUR), order.until(0)),
        (end, Some(end - 1), Some(end - 1))
    );
    let late = OrderAsk { now: end, ..ask() };
    assert_eq!(refusal(&paid, &late), "Ordered c2d time was exceeded, check validUntil.");
    assert!(check_order(&paid, None, &OrderAsk { fee_time: FeeTime::Ignored, ..late }).is_ok());
}

#[test]
fn an_order_used_again_counts_from_then_on() {
    let original = paid(&started());
    let later = NOON + 10 * HOUR;
    let again = receipt(REUSE_TX, [log(DATATOKEN, &reused(TX, ANN, later)), our_fee()]);
    let ask = OrderAsk { now: later + 5, ..ask() };
    assert_eq!(reused_order(&again, &ask), Some(TX));
    let order = check_order(&again, Some(&original), &ask).expect("an order");
    assert_eq!((order.tx, order.paid_tx, order.at), (TX, REUSE_TX, later));
}

#[test]
fn reusing_what_is_not_the_buyers_order_of_the_service_gains_nothing() {
    let again = receipt(REUSE_TX, [log(DATATOKEN, &reused(TX, MALLORY, NOON)), our_fee()]);
    let check = |original: Option<&Receipt>, consumer: Address| {
        check_order(&again, original, &OrderAsk { consumer, ..ask() }).expect_err("refused").to_string()
    };
    assert_eq!(
        check(Some(&paid(&started())), MALLORY),
        "sender of order transaction is not the consumer/payer."
    );
    assert_eq!(check(None, ANN), "Failed to get tx receipt referenced in OrderReused..");
    let elsewhere = Receipt { tx: B256::repeat_byte(9), ..paid(&started()) };
    assert_eq!(check(Some(&elsewhere), ANN), "Failed to get tx receipt referenced in OrderReused..");
    let failed = Receipt { status: false, ..paid(&started()) };
    assert_eq!(check(Some(&failed), ANN), "order referenced in OrderReused failed.");
    let no_order = format!("Cannot find the event for the order transaction with tx id {REUSE_TX}.");
    let of_another = receipt(TX, [log(OTHER_DATATOKEN, &started()), our_fee()]);
    assert_eq!(check(Some(&of_another), ANN), no_order);
    let of_another_service = paid(&OrderStarted { serviceIndex: U256::ZERO, ..started() });
    assert_eq!(check(Some(&of_another_service), ANN), no_order);
}

#[test]
fn a_reuse_announced_by_another_contract_is_nothing() {
    let forged = receipt(REUSE_TX, [log(MALLORY, &reused(TX, ANN, NOON)), our_fee()]);
    assert_eq!(reused_order(&forged, &ask()), None);
    assert!(check_order(&forged, Some(&paid(&started())), &ask()).is_err());
}

#[test]
fn a_buyers_own_reuse_comes_first() {
    let [first, second] = [B256::repeat_byte(5), B256::repeat_byte(6)];
    let logs = [
        log(DATATOKEN, &reused(first, BOB, NOON)),
        our_fee(),
        log(DATATOKEN, &reused(second, ANN, NOON)),
        our_fee(),
    ];
    let both = receipt(REUSE_TX, logs);
    assert_eq!(reused_order(&both, &ask()), Some(second));
    let original = Receipt { tx: second, ..paid(&started()) };
    assert!(check_order(&both, Some(&original), &ask()).is_ok());
}

#[test]
fn the_refusal_is_that_of_the_order_that_came_closest() {
    let for_bob = OrderStarted { consumer: BOB, payer: BOB, ..started() };
    let other = OrderStarted { serviceIndex: U256::ZERO, ..started() };
    let logs = [log(DATATOKEN, &for_bob), our_fee(), log(DATATOKEN, &other), our_fee()];
    assert_eq!(refusal(&receipt(TX, logs), &ask()), "sender of order transaction is not the consumer/payer.");
}
