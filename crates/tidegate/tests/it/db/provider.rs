//! Final orders, receipts and wallets as rows.

use tidegate::clock::Timestamp;
use tidegate::db::orders::{self, FinalOrder, OrderKey};
use tidegate::db::receipts::{self, NewReceipt};
use tidegate::db::{Db, ReceiptId, wallets};
use tidegate_ocean::{Address, B256, U256};

use super::transactions::new_account;
use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    a_final_order_is_found_by_all_that_a_buyer_names,
    receipts_are_listed_page_by_page_and_by_order_and_consumer,
    a_wallet_belongs_to_an_account_once,
];

fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

fn order_key() -> OrderKey {
    OrderKey {
        chain_id: 8996,
        tx: B256::repeat_byte(1),
        datatoken: address(2),
        service_id: "Größe".to_owned(),
        buyer: address(3),
    }
}

async fn find(db: &Db, key: OrderKey) -> Option<FinalOrder> {
    db.read(|s| Box::pin(async move { orders::find_order(s, &key).await })).await.unwrap()
}

async fn a_final_order_is_found_by_all_that_a_buyer_names(database: TestDatabase) {
    let db = database.open().await;
    let order = FinalOrder {
        original_tx: B256::repeat_byte(9),
        service_index: 1,
        consumer: address(3),
        payer: address(4),
        provider: address(5),
        ordered_at: 1_650_000_000,
        fee_valid_until: 0,
        amount: Some(U256::MAX),
        did: Some("did:op:00".to_owned()),
        timeout: Some(60),
    };
    assert_eq!(find(&db, order_key()).await, None);
    for recorded in [order.clone(), FinalOrder { ordered_at: 1, ..order.clone() }] {
        db.write(move |s| Box::pin(async move { orders::insert_order(s, &order_key(), &recorded).await }))
            .await
            .unwrap();
    }
    assert_eq!(find(&db, order_key()).await, Some(order), "what was recorded first stays");
    for other in [
        OrderKey { chain_id: 1, ..order_key() },
        OrderKey { tx: B256::repeat_byte(9), ..order_key() },
        OrderKey { datatoken: address(3), ..order_key() },
        OrderKey { service_id: "größe".to_owned(), ..order_key() },
        OrderKey { buyer: address(4), ..order_key() },
    ] {
        assert_eq!(find(&db, other.clone()).await, None, "{other:?}");
    }
}

async fn receipts_are_listed_page_by_page_and_by_order_and_consumer(database: TestDatabase) {
    let db = database.open().await;
    let receipt = |order: u8, consumer: u8| NewReceipt {
        chain_id: 8996,
        order_tx: B256::repeat_byte(order),
        consumer: address(consumer),
        document: format!("{{\"order\":{order}}}"),
        signature: vec![0, 255],
        created_at: Timestamp::from_seconds(order.into()),
        did: None,
    };
    let mut ids = Vec::new();
    for (order, consumer) in [(1, 1), (2, 1), (1, 2), (1, 1)] {
        let new = receipt(order, consumer);
        ids.push(
            db.write(|s| Box::pin(async move { receipts::insert_receipt(s, &new).await })).await.unwrap(),
        );
    }
    let id_of = |listed: Vec<receipts::Receipt>| listed.into_iter().map(|kept| kept.id).collect::<Vec<_>>();

    let first = db.read(|s| Box::pin(receipts::receipts_after(s, ReceiptId(0), 2))).await.unwrap();
    assert_eq!(first[0].receipt, receipt(1, 1));
    let last = first[1].id;
    let rest = db.read(move |s| Box::pin(receipts::receipts_after(s, last, 9))).await.unwrap();
    assert_eq!((id_of(first), id_of(rest)), (ids[..2].to_vec(), ids[2..].to_vec()));

    let (tx, after) = (B256::repeat_byte(1), ids[0]);
    let of_order =
        db.read(move |s| Box::pin(receipts::receipts_of_order(s, 8996, tx, after, 9))).await.unwrap();
    assert_eq!(id_of(of_order), [ids[2], ids[3]]);
    let other_chain =
        db.read(move |s| Box::pin(receipts::receipts_of_order(s, 1, tx, ReceiptId(0), 9))).await.unwrap();
    assert!(other_chain.is_empty());
    let of_consumer =
        db.read(|s| Box::pin(receipts::receipts_of_consumer(s, address(1), ReceiptId(0), 9))).await.unwrap();
    assert_eq!(id_of(of_consumer), [ids[0], ids[1], ids[3]]);
}

async fn a_wallet_belongs_to_an_account_once(database: TestDatabase) {
    let db = database.open().await;
    let (ann, bob) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    let at = Timestamp::from_millis;
    let add = async |account, byte, millis| {
        db.write(move |s| Box::pin(wallets::insert_wallet(s, account, address(byte), at(millis))))
            .await
            .unwrap()
    };
    assert!(add(ann, 2, 10).await && add(ann, 1, 20).await && add(bob, 1, 30).await);
    assert!(!add(ann, 2, 40).await, "she has it");
    let listed = db.read(move |s| Box::pin(wallets::list_wallets(s, ann))).await.unwrap();
    assert_eq!(listed, [(address(2), at(10)), (address(1), at(20))]);
    assert_eq!(db.read(move |s| Box::pin(wallets::count_wallets(s, ann))).await, Ok(2));

    let remove = async |account, byte| {
        db.write(move |s| Box::pin(wallets::remove_wallet(s, account, address(byte)))).await.unwrap()
    };
    assert!(remove(ann, 1).await);
    assert!(!remove(ann, 1).await);
    assert!(remove(bob, 1).await, "his is another row");
}
