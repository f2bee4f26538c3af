//! API → Verification Key: showing the pair, replacing it, and bringing one's own.

use std::time::Duration;

use secrecy::SecretString;
use tidegate::accounts::sign;

use super::text_of;
use crate::support::{
    browser::Browser,
    databases::{TestDatabase, on_both_engines},
    server::TestServer,
};

const PAGE: &str = "/panel/api/verification-key";

on_both_engines![a_pair_is_shown_replaced_and_ended];

async fn a_pair_is_shown_replaced_and_ended(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut ann, account) = Browser::of(&server, "ann").await;
    let counts = async |private: &str| {
        let secret = sign(&SecretString::from(private), "bafybeihello").unwrap();
        server.app.accounts.verify_cid_signature(account, "bafybeihello", &secret).await.unwrap()
    };
    let shown = ann.get(PAGE).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"));
    let credentials = server.app.accounts.show(account).await.unwrap();
    assert_eq!(text_of(shown.text(), "public-key"), credentials.rsa_public_key);
    let first = text_of(shown.text(), "private-key");
    assert!(counts(&first).await);
    assert!(!shown.text().contains("/end\""), "the key that an account has cannot be ended");

    let page = ann.submit(&format!("{PAGE}/rotate"), &[("overlap", "7200")]).await;
    assert!(page.contains("Earlier ones count until 2023-11-15 00:13 UTC."), "{page}");
    let second = text_of(&page, "private-key");
    assert!(first != second && counts(&first).await && counts(&second).await);
    server.clock.advance(Duration::from_secs(7200));
    assert!(!counts(&first).await && counts(&second).await);

    ann.submit(&format!("{PAGE}/rotate"), &[("overlap", "3600")]).await;
    let page = ann.page(PAGE).await;
    let end = page.split("action=\"").find(|rest| rest.contains("/end\"")).unwrap();
    let end = end.split('"').next().unwrap();
    let (mut bob, _) = Browser::of(&server, "bob").await;
    assert_eq!(bob.post(end, &[]).await.status, 404);
    assert!(ann.submit(end, &[]).await.contains("The key has ended."));
    assert!(!counts(&second).await);
    assert_eq!(ann.post(end, &[]).await.status, 404);
}

#[tokio::test]
async fn a_key_of_ones_own_takes_the_place_of_the_given_one() {
    let server = TestServer::start().await;
    let (mut ann, _) = Browser::of(&server, "ann").await;
    let (_, bob) = Browser::of(&server, "bob").await;
    let line = server.app.accounts.show(bob).await.unwrap().rsa_public_key;
    let lines: Vec<_> = line.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\r\n{}\r\n-----END PUBLIC KEY-----\r\n", lines.join("\r\n"));

    let refused = ann.post(PAGE, &[("public_key", "not <a> key"), ("overlap", "0")]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("openssl rsa") && refused.text().contains("not &#60;a&#62; key</textarea>")
    );
    assert_eq!(ann.post(PAGE, &[("public_key", &pem), ("overlap", "2592001")]).await.status, 422);

    let page = ann.submit(PAGE, &[("public_key", &pem), ("overlap", "0")]).await;
    assert!(page.contains("Earlier ones have ended."), "{page}");
    assert_eq!(text_of(&page, "public-key"), line);
    assert!(page.contains("only you have the private one") && !page.contains("private-key\""));
    assert!(text_of(&page, "snippet-openssl").contains("private.pem"));
    let page = ann.page("/panel/api/jwt").await;
    assert!(text_of(&page, "snippet-environment").contains("private.pem"));
}
