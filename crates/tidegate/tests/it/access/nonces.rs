//! A nonce is accepted once, and only rising.

use std::sync::Arc;

use tidegate::access::{NonceRefusal, Nonces, Raised};
use tidegate_ocean::{Address, Nonce};

use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    of_many_requests_with_one_nonce_one_is_accepted,
    many_rising_nonces_at_once_end_at_the_highest,
    numbers_count_not_digits,
    a_refusal_names_the_last_nonce_and_the_next,
    asking_stores_nothing_and_is_never_behind,
    what_was_accepted_is_used_up_after_reopening,
    an_import_lowers_no_nonce_and_does_nothing_twice,
    requests_from_before_an_import_stay_refused,
];

const ANN: Address = Address::repeat_byte(0xAA);
const BOB: Address = Address::repeat_byte(0xBB);

fn nonce(text: &str) -> Nonce {
    Nonce::parse(text).unwrap()
}

async fn open(database: &TestDatabase) -> Nonces {
    Nonces::new(Arc::new(database.open().await))
}

fn too_low(last: &str) -> Result<(), NonceRefusal> {
    Err(NonceRefusal::TooLow { last: nonce(last) })
}

async fn of_many_requests_with_one_nonce_one_is_accepted(database: TestDatabase) {
    let nonces = open(&database).await;
    for round in ["1", "1650000000123456789", "1650000000123456789.5"] {
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let nonces = nonces.clone();
                tokio::spawn(async move { nonces.accept(ANN, nonce(round)).await })
            })
            .collect();
        let mut accepted = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => accepted += 1,
                refused => assert_eq!(refused, too_low(round)),
            }
        }
        assert_eq!(accepted, 1, "{round}");
    }
}

async fn many_rising_nonces_at_once_end_at_the_highest(database: TestDatabase) {
    let nonces = open(&database).await;
    let tasks: Vec<_> = (1..=100)
        .map(|number: u32| {
            let nonces = nonces.clone();
            tokio::spawn(async move { nonces.accept(ANN, nonce(&number.to_string())).await })
        })
        .collect();
    for task in tasks {
        if let Err(error) = task.await.unwrap() {
            assert!(matches!(error, NonceRefusal::TooLow { .. }), "{error}");
        }
    }
    assert_eq!(nonces.last(ANN).await, Ok(Some(nonce("100"))));
    assert_eq!(nonces.last(BOB).await, Ok(None));
}

async fn numbers_count_not_digits(database: TestDatabase) {
    let nonces = open(&database).await;
    for rising in ["0", "0.5", "9", "10", "10.000000001", "9007199254740992", "9007199254740993"] {
        assert_eq!(nonces.accept(ANN, nonce(rising)).await, Ok(()), "{rising}");
        assert_eq!(nonces.last(ANN).await, Ok(Some(nonce(rising))));
    }
    for low in ["9007199254740993.0", "10", "9", "0"] {
        assert_eq!(nonces.accept(ANN, nonce(low)).await, too_low("9007199254740993"), "{low}");
    }
    assert_eq!(nonces.accept(BOB, nonce("1")).await, Ok(()), "another address has nonces of its own");
}

async fn a_refusal_names_the_last_nonce_and_the_next(database: TestDatabase) {
    let nonces = open(&database).await;
    nonces.accept(ANN, nonce("7.5")).await.unwrap();
    let refused = nonces.accept(ANN, nonce("7.5")).await.unwrap_err().to_string();
    assert_eq!(refused, "the nonce must be greater than the last one, 7.5; send 8");
}

async fn asking_stores_nothing_and_is_never_behind(database: TestDatabase) {
    let nonces = open(&database).await;
    assert_eq!(nonces.last(ANN).await, Ok(None));
    assert_eq!(nonces.last(ANN).await, Ok(None), "also when it is remembered that there is none");
    for number in 1..50_u32 {
        let number = nonce(&number.to_string());
        nonces.accept(ANN, number).await.unwrap();
        assert_eq!(nonces.last(ANN).await, Ok(Some(number)));
    }
}

async fn what_was_accepted_is_used_up_after_reopening(database: TestDatabase) {
    let db = Arc::new(database.open().await);
    Nonces::new(Arc::clone(&db)).accept(ANN, nonce("5")).await.unwrap();
    db.close().await;

    let nonces = open(&database).await;
    assert_eq!(nonces.accept(ANN, nonce("5")).await, too_low("5"));
    assert_eq!(nonces.last(ANN).await, Ok(Some(nonce("5"))));
    assert_eq!(nonces.accept(ANN, nonce("6")).await, Ok(()));
}

async fn an_import_lowers_no_nonce_and_does_nothing_twice(database: TestDatabase) {
    let nonces = open(&database).await;
    nonces.accept(ANN, nonce("100")).await.unwrap();
    assert_eq!(nonces.last(BOB).await, Ok(None));
    let mut rows = vec![(ANN, nonce("99")), (BOB, nonce("7"))];
    rows.extend((1..=2000_u16).map(|number| {
        let mut address = Address::ZERO;
        address[..2].copy_from_slice(&number.to_be_bytes());
        (address, nonce("3"))
    }));

    let mut told = Vec::new();
    let first = nonces.import(&rows, |done| told.push(done)).await.unwrap();
    assert_eq!(first, Raised { raised: 2001, kept: 1 });
    assert_eq!(told.last(), Some(&rows.len()));
    assert_eq!(nonces.last(ANN).await, Ok(Some(nonce("100"))));
    assert_eq!(nonces.last(BOB).await, Ok(Some(nonce("7"))), "though it was remembered that there is none");
    let second = nonces.import(&rows, drop).await.unwrap();
    assert_eq!(second, Raised { raised: 0, kept: 2002 });
}

/// ocean.js 3.1.3 made nonces like 1111…; their accounts restart at a smaller one.
async fn requests_from_before_an_import_stay_refused(database: TestDatabase) {
    let nonces = open(&database).await;
    let restart = Nonce::imported(&"1".repeat(25)).unwrap();
    nonces.import(&[(ANN, restart)], drop).await.unwrap();
    for captured in ["1".repeat(20), "1".repeat(38), format!("1650000000000{}", "1".repeat(10))] {
        let refused = nonces.accept(ANN, nonce(&captured)).await;
        assert_eq!(refused, Err(NonceRefusal::TooLow { last: restart }), "{captured}");
    }
    nonces.accept(BOB, nonce("1")).await.unwrap();
    assert_eq!(nonces.accept(BOB, nonce(&"1".repeat(20))).await, Ok(()), "to others it is a number like any");
    assert_eq!(nonces.accept(ANN, restart.next().unwrap()).await, Ok(()));
}
