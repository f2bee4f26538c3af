//! API → API JWT: showing, making, replacing and revoking keys, and snippets that do what they say.

use std::{path::Path, process::Stdio, time::Duration};

use tidegate::accounts::AuthError;

use super::text_of;
use crate::support::{
    browser::Browser,
    databases::{TestDatabase, on_both_engines},
    server::TestServer,
};

const PAGE: &str = "/panel/api/jwt";

on_both_engines![a_key_is_made_shown_replaced_and_revoked];

async fn a_key_is_made_shown_replaced_and_revoked(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut ann, account) = Browser::of(&server, "ann").await;
    server.clock.advance(Duration::from_secs(60));
    let shown = ann.get(PAGE).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"));
    let first = text_of(shown.text(), "api-key");
    let accounts = &server.app.accounts;
    assert_eq!(accounts.authenticate_api_key(&first).await.unwrap().account, account);

    let fields =
        [("name", "press <1>"), ("pin", "on"), ("days", "7"), ("max_uses", "20"), ("name_prefix", "press/")];
    let page = ann.submit(PAGE, &fields).await;
    assert!(page.contains("The key “press &#60;1&#62;” is made."), "{page}");
    assert!(!page.contains("press <1>"));
    for words in ["0 of 20", "only names that begin with “press/”", "2023-11-21 22:14 UTC"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let token = text_of(&page, "shown-token");
    let caller = accounts.authenticate_api_key(&token).await.unwrap();
    assert_eq!(caller.terms.scopes.to_string(), "pin");
    assert!(!ann.page(PAGE).await.contains(&token), "only who asks for it sees it");

    let rotate = format!("{PAGE}/{}/rotate", caller.key);
    let page = ann.submit(&rotate, &[("overlap", "3600")]).await;
    assert!(page.contains("The old one is good until 2023-11-14 23:14 UTC."), "{page}");
    assert!(page.contains(">replaced</span>"));
    let second = text_of(&page, "shown-token");
    assert!(accounts.authenticate_api_key(&token).await.is_ok());
    server.clock.advance(Duration::from_secs(3600));
    assert_eq!(accounts.authenticate_api_key(&token).await, Err(AuthError::KeyExpired));
    let caller = accounts.authenticate_api_key(&second).await.unwrap();
    assert!(!ann.page(PAGE).await.contains(">replaced</span>"), "what has ended is not in the list");

    let revoke = format!("{PAGE}/{}/revoke", caller.key);
    let (mut bob, _) = Browser::of(&server, "bob").await;
    for path in [format!("{PAGE}/{}/rotate", caller.key), revoke.clone()] {
        assert_eq!(bob.post(&path, &[("overlap", "0")]).await.status, 404, "{path}");
    }
    assert_eq!(bob.get(&format!("{PAGE}?show={}", caller.key)).await.status, 404);
    assert!(ann.submit(&revoke, &[]).await.contains("The key is revoked."));
    assert_eq!(accounts.authenticate_api_key(&second).await, Err(AuthError::Revoked));
}

#[tokio::test]
async fn what_makes_no_sense_is_said_beside_what_was_filled_in() {
    let server = TestServer::start().await;
    let (mut ann, _) = Browser::of(&server, "ann").await;
    for (fields, words) in [
        (vec![("name", "default"), ("pin", "on")], "There is an API key of this name already"),
        (vec![("name", "mine")], "Choose at least one thing"),
        (vec![("name", "mine"), ("pin", "on"), ("max_uses", "0")], "once or more often"),
        (vec![("name", "mine"), ("pin", "on"), ("max_uses", "many")], "once or more often"),
        (vec![("name", ""), ("pin", "on")], "1 to 255 bytes"),
    ] {
        let answer = ann.post(PAGE, &fields).await;
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(answer.text().contains(words), "{fields:?}: {}", answer.text());
        assert!(answer.text().contains(&format!("name=\"name\" value=\"{}\"", fields[0].1)));
    }
    let page = ann.page(PAGE).await;
    let id = page.split("/panel/api/jwt/").nth(1).unwrap().split('/').next().unwrap();
    let month = ann.post(&format!("{PAGE}/{id}/rotate"), &[("overlap", "2592001")]).await;
    assert_eq!(month.status, 422);
    assert!(month.text().contains("30 days at most"));

    ann.submit(&format!("{PAGE}/{id}/revoke"), &[]).await;
    let page = ann.page(PAGE).await;
    assert!(page.contains("None of your API keys is good any more.") && !page.contains("snippet-curl"));
}

#[tokio::test(flavor = "multi_thread")]
async fn snippets_do_what_they_say() {
    let server = TestServer::start().await;
    let (mut ann, account) = Browser::of(&server, "ann").await;
    let page = ann.page(PAGE).await;
    let hello = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD";
    let snippet = |name: &str| text_of(&page, &format!("snippet-{name}"));
    let folder = tempfile::tempdir().unwrap();
    let run = async |script: &str| run(folder.path(), &[&snippet("environment"), script].join("\n")).await;

    let said = run(&snippet("curl")).await;
    assert!(said.contains(&format!("\"PinHash\":\"{hello}\"")), "{said}");
    assert_eq!(server.pins(account).await.len(), 1);
    let said = run(&snippet("psa")).await;
    assert!(said.contains("\"count\":1") && said.contains(hello), "{said}");
    let said = run(&snippet("cli")).await;
    assert!(said.contains(hello), "{said}");
    let page = ann.page("/panel/api/verification-key").await;
    let secret = run(&text_of(&page, "snippet-openssl")).await;
    assert!(server.app.accounts.verify_cid_signature(account, hello, &secret).await.unwrap(), "{secret}");
}

/// What a script prints, which must end well.
async fn run(folder: &Path, script: &str) -> String {
    let tidegate = Path::new(env!("CARGO_BIN_EXE_tidegate")).parent().unwrap().display();
    let path = format!("{tidegate}:{}", std::env::var("PATH").unwrap());
    let output = tokio::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("TIDEGATE_PROFILE", folder.join("profile.toml"))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
