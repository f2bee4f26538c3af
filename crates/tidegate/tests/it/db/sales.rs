//! What was sold: who sees which orders, receipts, assets and tokens, page by page.

use tidegate::clock::Timestamp;
use tidegate::db::assets::{self, Delivered, NewAsset};
use tidegate::db::orders::{self, FinalOrder, OrderKey};
use tidegate::db::receipts::{self, NewReceipt};
use tidegate::db::{AssetId, AuthTokenId, Db, OrderId, ReceiptId, tokens};
use tidegate::downloads::records::View;
use tidegate_ocean::{Address, B256, U256};

use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    people_see_what_their_wallets_bought_and_sold,
    a_seller_who_is_found_out_later_is_filled_in,
    assets_are_counted_and_not_noted_without_end,
    the_name_and_the_owner_that_are_known_stay_when_a_chain_is_away,
    tokens_are_listed_until_they_are_over,
    a_proof_belongs_to_its_receipt,
];

const ANN: Address = Address::repeat_byte(0xA);
const BOB: Address = Address::repeat_byte(0xB);
const CAT: Address = Address::repeat_byte(0xC);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// An asset whose NFT belongs to `owner`.
fn asset(did: &str, owner: Option<Address>) -> NewAsset {
    NewAsset {
        did: did.to_owned(),
        service_id: "a".to_owned(),
        chain_id: 8996,
        name: format!("Name of {did}"),
        nft: Some(Address::repeat_byte(1)),
        owner,
        root: None,
        asked_at: at(1),
    }
}

async fn note(db: &Db, asset: NewAsset) {
    db.write(move |s| Box::pin(async move { assets::note_asset(s, &asset, 1000).await })).await.unwrap();
}

/// `consumer` has downloaded the asset.
async fn download(db: &Db, did: &str, consumer: Address) -> ReceiptId {
    let receipt = NewReceipt {
        chain_id: 8996,
        order_tx: B256::repeat_byte(1),
        consumer,
        document: "{}".to_owned(),
        signature: vec![1],
        created_at: at(2),
        did: Some(did.to_owned()),
    };
    db.write(move |s| Box::pin(async move { receipts::insert_receipt(s, &receipt).await })).await.unwrap()
}

async fn order(db: &Db, did: &str, number: u8, buyer: Address) {
    let tx = B256::repeat_byte(number);
    let key = OrderKey { chain_id: 8996, tx, datatoken: CAT, service_id: "a".to_owned(), buyer };
    let order = FinalOrder {
        original_tx: tx,
        service_index: 0,
        consumer: buyer,
        payer: buyer,
        provider: CAT,
        ordered_at: 1,
        fee_valid_until: 0,
        amount: Some(U256::MAX),
        did: Some(did.to_owned()),
        timeout: Some(0),
    };
    db.write(move |s| Box::pin(async move { orders::insert_order(s, &key, &order).await })).await.unwrap();
}

async fn receipts_of(
    db: &Db,
    view: &View,
    did: Option<&str>,
    before: ReceiptId,
    limit: u32,
) -> Vec<ReceiptId> {
    let (view, did) = (view.clone(), did.map(str::to_owned));
    let read =
        db.read(move |s| Box::pin(async move { view.receipts(s, did.as_deref(), before, limit).await }));
    read.await.unwrap().into_iter().map(|kept| kept.id).collect()
}

async fn sees(db: &Db, view: &View, id: ReceiptId) -> bool {
    let view = view.clone();
    db.read(move |s| Box::pin(async move { view.receipt(s, id).await })).await.unwrap().is_some()
}

async fn people_see_what_their_wallets_bought_and_sold(database: TestDatabase) {
    let db = database.open().await;
    note(&db, asset("did:op:1", Some(ANN))).await;
    let mut ids = Vec::new();
    for (did, consumer) in [("did:op:1", BOB), ("did:op:1", ANN), ("did:op:2", BOB), ("did:op:1", BOB)] {
        ids.push(download(&db, did, consumer).await);
    }
    let (all, ann) = (View::All, View::Of(vec![ANN]));
    let (both, cat) = (View::Of(vec![ANN, BOB]), View::Of(vec![CAT]));
    let last = ReceiptId::LAST;
    assert_eq!(receipts_of(&db, &all, None, last, 9).await, [ids[3], ids[2], ids[1], ids[0]]);
    assert_eq!(receipts_of(&db, &ann, None, last, 9).await, [ids[3], ids[1], ids[0]], "each once");
    assert_eq!(receipts_of(&db, &both, None, last, 2).await, [ids[3], ids[2]]);
    assert_eq!(receipts_of(&db, &both, None, ids[2], 2).await, [ids[1], ids[0]]);
    assert_eq!(receipts_of(&db, &both, Some("did:op:2"), last, 9).await, [ids[2]]);
    assert_eq!(receipts_of(&db, &all, Some("did:op:2"), last, 9).await, [ids[2]]);
    assert!(receipts_of(&db, &cat, None, last, 9).await.is_empty());
    assert!(receipts_of(&db, &View::Of(vec![]), None, last, 9).await.is_empty());
    assert!(sees(&db, &all, ids[2]).await && sees(&db, &both, ids[2]).await);
    assert!(!sees(&db, &ann, ids[2]).await && !sees(&db, &cat, ids[0]).await);

    order(&db, "did:op:1", 1, BOB).await;
    order(&db, "did:op:2", 2, CAT).await;
    let orders_of = async |view: View| {
        let read = db.read(move |s| Box::pin(async move { view.orders(s, OrderId::LAST, 9).await }));
        read.await.unwrap()
    };
    let sold = orders_of(ann).await;
    assert_eq!(sold.len(), 1);
    assert_eq!((sold[0].seller, sold[0].uses, sold[0].order.amount), (Some(ANN), 4, Some(U256::MAX)));
    assert_eq!(sold[0].asset_name.as_deref(), Some("Name of did:op:1"));
    assert_eq!(orders_of(all).await.iter().map(|order| order.uses).collect::<Vec<_>>(), [0, 4]);
    assert_eq!(orders_of(cat).await.len(), 1, "she has bought");
}

async fn a_seller_who_is_found_out_later_is_filled_in(database: TestDatabase) {
    let db = database.open().await;
    let id = download(&db, "did:op:1", BOB).await;
    order(&db, "did:op:1", 1, BOB).await;
    let ann = View::Of(vec![ANN]);
    note(&db, asset("did:op:1", None)).await;
    assert!(!sees(&db, &ann, id).await);
    note(&db, asset("did:op:1", Some(ANN))).await;
    assert!(sees(&db, &ann, id).await);
    let orders = db.read(move |s| Box::pin(async move { ann.orders(s, OrderId::LAST, 9).await })).await;
    assert_eq!(orders.unwrap().len(), 1);

    note(&db, asset("did:op:1", Some(CAT))).await;
    let later = download(&db, "did:op:1", BOB).await;
    let (ann, cat) = (View::Of(vec![ANN]), View::Of(vec![CAT]));
    assert!(sees(&db, &ann, id).await && !sees(&db, &cat, id).await, "what was sold before stays hers");
    assert!(sees(&db, &cat, later).await && !sees(&db, &ann, later).await);
}

async fn assets_are_counted_and_not_noted_without_end(database: TestDatabase) {
    let db = database.open().await;
    let delivered = Delivered { chain_id: 8996, downloads: 2, bytes: 30, at: at(5) };
    for did in ["did:op:1", "did:op:1", "did:op:2"] {
        let delivered = delivered.clone();
        let count = db
            .write(move |s| Box::pin(async move { assets::count_downloads(s, did, "a", &delivered).await }));
        count.await.unwrap();
    }
    note(&db, asset("did:op:1", Some(ANN))).await;
    let listed = async |view: View, before| {
        db.read(move |s| Box::pin(async move { view.assets(s, before, 9).await })).await.unwrap()
    };
    let anns = listed(View::Of(vec![ANN]), AssetId::LAST).await;
    assert_eq!(anns.len(), 1);
    assert_eq!((anns[0].downloads, anns[0].bytes, anns[0].downloaded_at), (4, 60, Some(at(5))));
    assert_eq!(anns[0].asset, asset("did:op:1", Some(ANN)));
    let all = listed(View::All, AssetId::LAST).await;
    assert_eq!(all.iter().map(|one| one.asset.did.as_str()).collect::<Vec<_>>(), ["did:op:2", "did:op:1"]);
    assert_eq!(listed(View::All, all[0].id).await.len(), 1);

    for did in ["did:op:1", "did:op:3"] {
        let (asset, most) = (asset(did, None), 2);
        db.write(move |s| Box::pin(async move { assets::note_asset(s, &asset, most).await })).await.unwrap();
    }
    assert_eq!(listed(View::All, AssetId::LAST).await.len(), 2, "only those that are known are noted again");
}

async fn the_name_and_the_owner_that_are_known_stay_when_a_chain_is_away(database: TestDatabase) {
    let db = database.open().await;
    note(&db, asset("did:op:1", Some(ANN))).await;
    note(&db, NewAsset { asked_at: at(9), ..asset("did:op:1", None) }).await;
    let all = db.read(|s| Box::pin(View::All.assets(s, AssetId::LAST, 9))).await.unwrap();
    assert_eq!(all[0].asset, NewAsset { asked_at: at(9), ..asset("did:op:1", Some(ANN)) });
}

async fn tokens_are_listed_until_they_are_over(database: TestDatabase) {
    let db = database.open().await;
    for (number, address, end) in [(1, ANN, 60), (2, BOB, 10), (3, ANN, 60)] {
        let give = db.write(move |s| Box::pin(tokens::give_token(s, [number; 16], address, at(0), at(end))));
        give.await.unwrap();
    }
    assert!(db.write(|s| Box::pin(tokens::revoke_token(s, [1; 16], at(60)))).await.unwrap());
    let listed = async |view: View| {
        let read = db.read(move |s| Box::pin(async move { view.tokens(s, AuthTokenId::LAST, 9).await }));
        read.await.unwrap()
    };
    let anns = listed(View::Of(vec![ANN])).await;
    let shown: Vec<_> = anns.iter().map(|token| (token.token[0], token.is_revoked)).collect();
    assert_eq!(shown, [(3, false), (1, true)]);
    assert_eq!((anns[0].created_at, anns[0].expires_at), (at(0), at(60)));
    assert_eq!(listed(View::All).await.len(), 3);
    let token = async |view: View, id| {
        db.read(move |s| Box::pin(async move { view.token(s, id).await })).await.unwrap()
    };
    assert_eq!(token(View::Of(vec![ANN]), anns[0].id).await.as_ref(), Some(&anns[0]));
    assert_eq!(token(View::Of(vec![BOB]), anns[0].id).await, None);

    db.write(|s| Box::pin(tokens::purge_given_tokens(s, at(30)))).await.unwrap();
    assert_eq!(listed(View::All).await.len(), 2, "Bob's is over");
}

async fn a_proof_belongs_to_its_receipt(database: TestDatabase) {
    let db = database.open().await;
    let (first, second) = (download(&db, "did:op:1", ANN).await, download(&db, "did:op:1", ANN).await);
    db.write(move |s| Box::pin(receipts::set_proof(s, second, B256::repeat_byte(7)))).await.unwrap();
    let proof =
        async |id| db.read(move |s| Box::pin(receipts::find_receipt(s, id))).await.unwrap().unwrap().proof_tx;
    assert_eq!((proof(first).await, proof(second).await), (None, Some(B256::repeat_byte(7))));
}
