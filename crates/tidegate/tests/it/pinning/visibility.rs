//! Who may read what is pinned, and in whose assets it may be sold.

use tidegate::db::pins::Visibility;
use tidegate_content::{Cid, Profile};
use tidegate_ocean::Address;

use crate::support::{
    content::{cid_of, cid_v0, content, file, folder_cid, unique},
    databases::{TestDatabase, on_both_engines},
    form::Form,
    person::Person,
    server::TestServer,
};

on_both_engines![
    the_last_word_of_an_account_counts_and_silence_changes_nothing,
    private_content_is_for_sale_by_the_wallets_of_those_who_pinned_it,
];

const ANNS: Address = Address::repeat_byte(0xA1);
const BOBS: Address = Address::repeat_byte(0xB1);

fn form(person: &Person, cid: &str, visibility: Option<&str>) -> Form {
    let form = person.form(cid);
    match visibility {
        Some(visibility) => form.text("visibility", visibility),
        None => form,
    }
}

async fn the_last_word_of_an_account_counts_and_silence_changes_nothing(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bytes = content(unique(), 1000);
    let cid = cid_v0(&bytes);
    let path = format!("/ipfs/{cid}");
    for (said, visibility, status) in [
        (Some("private"), Visibility::Private, 404),
        (None, Visibility::Private, 404),
        (Some(" public "), Visibility::Public, 200),
        (None, Visibility::Public, 200),
        (Some("private"), Visibility::Private, 404),
    ] {
        let answer = ann.upload(form(&ann, &cid, said).file("a", &bytes)).await.expect(200).json();
        assert_eq!(answer["Visibility"].as_str(), said.map(str::trim), "only who asked is told");
        assert_eq!(server.pins(ann.account).await[0].pin.visibility, visibility, "{said:?}");
        server.get(&path).await.expect(status);
    }
    bob.upload(form(&bob, &cid, None).file("a", &bytes)).await.expect(200);
    server.get(&path).await.expect(200);
    assert_eq!(server.pins(ann.account).await[0].pin.visibility, Visibility::Private, "hers is another pin");
}

#[tokio::test]
async fn the_field_may_come_after_the_file_and_nonsense_is_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let cid = cid_v0(&bytes);
    let long = "private".repeat(20_000);
    for nonsense in ["", "Private", "private,public", "null", "\u{202e}private", &long] {
        for form in [
            form(&ann, &cid, Some(nonsense)).file("a", &bytes),
            ann.form(&cid).file("a", &bytes).text("visibility", nonsense),
        ] {
            let answer = ann.upload(form).await;
            assert!([400, 413].contains(&answer.status), "{nonsense:.40}: {answer:?}");
            assert_eq!(answer.json()["Code"], answer.status);
        }
    }
    let twice = form(&ann, &cid, Some("private")).file("a", &bytes).text("visibility", "public");
    assert!(ann.upload(twice).await.refusal(400).contains("visibility"));
    server.is_left_empty().await;

    let after = ann.form(&cid).file("a", &bytes).text("visibility", "private");
    ann.upload(after).await.expect(200);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
}

async fn private_content_is_for_sale_by_the_wallets_of_those_who_pinned_it(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    server.app.accounts.add_wallet(ann.account, ANNS).await.unwrap();
    server.app.accounts.add_wallet(bob.account, BOBS).await.unwrap();
    let big = content(unique(), 600_000);
    let items = [file("index.html", "<p>secret</p>"), file("big.bin", big.clone())];
    let root = folder_cid(Profile::UNIXFS_V0_2015, &items);
    let inside = cid_of(Profile::UNIXFS_V0_2015, &big);
    ann.upload(form(&ann, &root.to_string(), Some("private")).items(&items)).await.expect(200);

    let sold = async |cid: Cid, owner: Option<Address>| {
        server.app.library.find_for_sale(&cid, owner).await.unwrap().is_some()
    };
    for cid in [root, inside] {
        assert!(sold(cid, Some(ANNS)).await, "{cid}");
        assert!(sold(cid, Some(ANNS)).await, "{cid}, remembered");
        assert!(!sold(cid, Some(BOBS)).await, "{cid}: he has another asset");
        assert!(!sold(cid, None).await, "{cid}: without an asset there is nothing to buy");
    }
    let absent = cid_of(Profile::UNIXFS_V0_2015, &content(unique(), 10));
    assert!(!sold(absent, Some(ANNS)).await);

    // Bob has it too: from now on his assets may sell it, though it is public to nobody.
    bob.upload(form(&bob, &root.to_string(), Some("private")).items(&items)).await.expect(200);
    assert!(sold(root, Some(BOBS)).await && sold(inside, Some(BOBS)).await);
    assert!(!sold(root, None).await);
    bob.upload(form(&bob, &root.to_string(), Some("public")).items(&items)).await.expect(200);
    for owner in [None, Some(ANNS), Some(Address::repeat_byte(0xC1))] {
        assert!(sold(root, owner).await && sold(inside, owner).await, "{owner:?}: it is everybody's");
    }
}

#[tokio::test]
async fn a_wallet_that_was_removed_sells_nothing_more() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    server.app.accounts.add_wallet(ann.account, ANNS).await.unwrap();
    server.app.accounts.remove_wallet(ann.account, ANNS).await.unwrap();
    let bytes = content(unique(), 10);
    let cid = cid_v0(&bytes);
    ann.upload(form(&ann, &cid, Some("private")).file("a", &bytes)).await.expect(200);
    let cid = cid.parse().unwrap();
    assert!(server.app.library.find_for_sale(&cid, Some(ANNS)).await.unwrap().is_none());
    server.app.accounts.add_wallet(ann.account, ANNS).await.unwrap();
    assert!(server.app.library.find_for_sale(&cid, Some(ANNS)).await.unwrap().is_some());
}
