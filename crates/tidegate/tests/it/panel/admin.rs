//! What administrators do with accounts and invitations, and that nobody else can.

use std::time::Duration;

use http::Method;
use tidegate::{
    accounts::{NewLink, PASSWORD_LINK},
    clock::Timestamp,
    db::accounts,
};

use crate::support::{
    answer::Answer,
    browser::{Browser, PASSWORD},
    content::{content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::TestServer,
};

on_both_engines![a_disabled_account_is_shut_out_at_once_and_its_pins_stay, a_link_sets_a_password_once];

const ACCOUNTS: &str = "/panel/admin/accounts";

/// What is behind a mark in a page, up to a sign.
fn behind<'a>(page: &'a str, mark: &str, end: char) -> &'a str {
    let (_, rest) = page.split_once(mark).unwrap_or_else(|| panic!("{mark} is not in {page}"));
    rest.split(end).next().unwrap()
}

#[tokio::test]
async fn pages_for_administrators_are_for_nobody_else() {
    let server = TestServer::start().await;
    let (mut admin, id) = Browser::of_admin(&server, "ann").await;
    let (mut member, _) = Browser::of(&server, "bob").await;
    let mut stranger = Browser::at(&server);
    let of_account = format!("{ACCOUNTS}/{id}");
    let pages = [
        ACCOUNTS,
        of_account.as_str(),
        "/panel/admin/invites",
        "/panel/admin/storage",
        "/panel/admin/logs",
        "/panel/admin/settings",
    ];
    for path in pages {
        let page = admin.page(path).await;
        assert_eq!(page.matches("<h1>").count(), 1, "{path}");
        assert!(page.contains("aria-current=\"page\""), "{path}");
        assert!(!page.contains("style="), "{path}");
        let refused = member.get(path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.text().contains("for administrators"), "{}", refused.text());
        let sent_away = stranger.get(path).await;
        assert_eq!(sent_away.status, 303, "{path}");
        assert!(sent_away.header("location").starts_with("/panel/login"), "{path}");
    }
    let actions = [
        format!("{of_account}/quota"),
        format!("{of_account}/disable"),
        format!("{of_account}/enable"),
        format!("{of_account}/admin"),
        format!("{of_account}/admin/remove"),
        format!("{of_account}/password-link"),
        "/panel/admin/invites".to_owned(),
        "/panel/admin/invites/1/revoke".to_owned(),
        "/panel/endpoints/invite".to_owned(),
        "/panel/endpoints/1/remove".to_owned(),
    ];
    for path in &actions {
        let fields = [("quota", "1"), ("note", "x"), ("name", "x")];
        assert_eq!(member.post(path, &fields).await.status, 403, "{path}");
        let sent_away = stranger.post(path, &fields).await;
        assert_eq!((sent_away.status, sent_away.header("location")), (303, "/panel/login"), "{path}");
        let by_get = admin.get(path).await.status;
        assert!(by_get == 405 || path.ends_with("/invites"), "{path}: {by_get}");
        let forged = admin.ask(Method::POST, path, &[("sec-fetch-site", "cross-site")], Some(&fields)).await;
        assert_eq!(forged.status, 403, "{path}");
    }
    let page = admin.page(&of_account).await;
    assert!(page.contains("administrator") && page.contains("active"), "nothing has changed: {page}");
    assert!(admin.page("/panel").await.contains("Administration"));
    assert!(!member.page("/panel").await.contains("Administration"), "nor is it offered");
}

#[tokio::test]
async fn accounts_are_found_by_a_part_of_their_address() {
    let server = TestServer::start().await;
    let (mut admin, _) = Browser::of_admin(&server, "ann").await;
    // Without keys, which take long to make.
    let insert = server.app.db.write(|s| {
        Box::pin(async move {
            for number in 0..51 {
                let email = format!("m{number}@museum.example");
                accounts::insert_account(s, &email, "", Timestamp::MIN).await?;
            }
            Ok(())
        })
    });
    insert.await.unwrap();
    let first = admin.page(ACCOUNTS).await;
    assert!(first.contains(">m50@museum.example<") && !first.contains(">m0@museum.example<"), "{first}");
    let older = behind(&first, "<a class=\"button quiet\" href=\"", '"').replace("&#38;", "&");
    let second = admin.page(&older).await;
    assert!(second.contains(">m0@museum.example<") && second.contains(">ann@example.org<"), "{second}");
    assert!(!second.contains(">Older</a>"));

    let found = admin.page(&format!("{ACCOUNTS}?search=M5%40Museum")).await;
    assert!(found.contains(">m5@museum.example<"), "{found}");
    assert_eq!(found.matches("<th scope=\"row\">").count(), 1, "{found}");
    let none = admin.page(&format!("{ACCOUNTS}?search=%3Cscript%3E")).await;
    assert!(none.contains("No account has") && !none.contains("<script>"), "{none}");
    assert_eq!(admin.get(&format!("{ACCOUNTS}?before=x")).await.status, 422);
    assert_eq!(admin.get(&format!("{ACCOUNTS}/999")).await.status, 404);
}

async fn a_disabled_account_is_shut_out_at_once_and_its_pins_stay(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut admin, own) = Browser::of_admin(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let mut browser = Browser::at(&server);
    browser.sign_in("bob@example.org").await;
    let cid = bob.pin(&content(unique(), 1000)).await;
    let caller = server.app.accounts.authenticate_api_key(&bob.api_key).await.unwrap();
    let link = NewLink {
        lifetime: Duration::from_secs(3600),
        max_uses: 5,
        max_size: None,
        cid: None,
        profile: None,
        name: None,
        visibility: None,
    };
    let (_, link) = server.app.accounts.add_link(&caller, link).await.unwrap();
    let of_bob = format!("{ACCOUNTS}/{}", bob.account);
    let page = admin.page(&of_bob).await;
    assert!(page.contains("bob@example.org") && page.contains("1000 B of"), "{page}");

    let page = admin.submit(&format!("{of_bob}/disable"), &[]).await;
    assert!(page.contains("The account is disabled.") && page.contains("Enable the account"), "{page}");
    bob.ask("/pinning/pinList").await.expect(401);
    bob.ask("/psa/pins").await.expect(401);
    bob.ask("/api/v1/account").await.expect(401);
    bob.upload(bob.form(&cid).file("file.bin", &content(unique(), 1000))).await.expect(401);
    let by_link = {
        use secrecy::ExposeSecret as _;
        let url = server.url(&format!("/upload/{}", link.expose_secret()));
        Answer::of(server.client.put(url).body("hello")).await
    };
    assert_eq!(by_link.status, 410, "{by_link:?}");
    assert_eq!(browser.get("/panel").await.status, 303, "the session has ended");
    let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
    let refused = browser.post("/panel/login", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("disabled by an administrator"), "{}", refused.text());
    let guessed =
        browser.post("/panel/login", &[("email", "bob@example.org"), ("password", "guessed")]).await;
    assert_eq!(guessed.status, 401, "only the owner learns that");
    server.get(&format!("/ipfs/{cid}")).await.expect(200);
    assert_eq!(server.pins(bob.account).await.len(), 1);

    admin.submit(&format!("{of_bob}/enable"), &[]).await;
    bob.ask("/pinning/pinList").await.expect(200);
    bob.pin(&content(unique(), 1000)).await;
    assert_eq!(browser.get("/panel").await.status, 303, "who was signed out signs in again");
    browser.sign_in("bob@example.org").await;

    let last = admin.post(&format!("{ACCOUNTS}/{own}/disable"), &[]).await;
    assert_eq!(last.status, 422);
    assert!(last.text().contains("the last administrator"), "{}", last.text());
}

#[tokio::test]
async fn the_office_is_given_and_taken_but_somebody_keeps_it() {
    let server = TestServer::start().await;
    let (mut ann, of_ann) = Browser::of_admin(&server, "ann").await;
    let (mut bob, of_bob) = Browser::of(&server, "bob").await;
    let refused = ann.post(&format!("{ACCOUNTS}/{of_ann}/admin/remove"), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("make somebody else one first"), "{}", refused.text());
    ann.submit(&format!("{ACCOUNTS}/{of_bob}/admin"), &[]).await;
    bob.page(ACCOUNTS).await;
    let page = ann.submit(&format!("{ACCOUNTS}/{of_ann}/admin/remove"), &[]).await;
    assert!(page.contains("You are an administrator no longer."), "{page}");
    assert_eq!(ann.get(ACCOUNTS).await.status, 403);
    let page = bob.submit(&format!("{ACCOUNTS}/{of_ann}/admin"), &[]).await;
    assert!(page.contains("ann@example.org"), "{page}");
    bob.submit(&format!("{ACCOUNTS}/{of_ann}/disable"), &[]).await;
    let last = bob.post(&format!("{ACCOUNTS}/{of_bob}/admin/remove"), &[]).await;
    assert_eq!(last.status, 422, "an administrator who is shut out does not count");
}

#[tokio::test]
async fn a_quota_is_a_size_in_words() {
    let server = TestServer::start().await;
    let (mut admin, _) = Browser::of_admin(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let of_bob = format!("{ACCOUNTS}/{}", bob.account);
    let page = admin.submit(&format!("{of_bob}/quota"), &[("quota", " 2 KiB ")]).await;
    assert!(page.contains("The quota is changed.") && page.contains("of 2.0 KiB"), "{page}");
    let too_much = content(unique(), 3000);
    let cid = crate::support::content::cid_v0(&too_much);
    assert_ne!(bob.upload(bob.form(&cid).file("file.bin", &too_much)).await.status, 200);
    let refused = admin.post(&format!("{of_bob}/quota"), &[("quota", "much")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("500 GiB"), "{}", refused.text());
    let page = admin.submit(&format!("{of_bob}/quota"), &[("quota", "")]).await;
    assert!(page.contains("(the server's default)") || page.contains("(the server&#39;s default)"), "{page}");
    bob.upload(bob.form(&cid).file("file.bin", &too_much)).await.expect(200);
    assert_eq!(admin.post(&format!("{ACCOUNTS}/999/quota"), &[("quota", "1")]).await.status, 404);
}

async fn a_link_sets_a_password_once(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut admin, _) = Browser::of_admin(&server, "ann").await;
    let (mut bob, of_bob) = Browser::of(&server, "bob").await;
    let action = format!("{ACCOUNTS}/{of_bob}/password-link");
    let link = async |admin: &mut Browser| {
        let answer = admin.post(&action, &[]).await.expect(200);
        let address = behind(answer.text(), "<code id=\"link\">", '<').to_owned();
        assert!(address.starts_with(&server.url("/panel/password?token=")), "{address}");
        address.strip_prefix(&server.url("")).unwrap().to_owned()
    };
    let replaced = link(&mut admin).await;
    let good = link(&mut admin).await;
    let token = good.split_once('=').unwrap().1.to_owned();
    let mut somebody = Browser::at(&server);
    assert_eq!(somebody.get(&replaced).await.status, 403);
    assert_eq!(somebody.get("/panel/password?token=x").await.status, 403);
    assert!(somebody.page(&good).await.contains("bob@example.org"));
    bob.page("/panel").await;

    let short = somebody.post("/panel/password", &[("token", &token), ("password", "short")]).await;
    assert_eq!(short.status, 422);
    assert!(
        short.text().contains("8 to 1024 bytes") && !short.text().contains("\"short\""),
        "{}",
        short.text()
    );
    let page = somebody.submit("/panel/password", &[("token", &token), ("password", "another horse")]).await;
    assert!(page.contains("The password is changed."), "{page}");
    assert_eq!(bob.get("/panel").await.status, 303, "whoever was signed in is not any more");
    let old = [("email", "bob@example.org"), ("password", PASSWORD)];
    assert_eq!(somebody.post("/panel/login", &old).await.status, 401);
    let new = [("email", "bob@example.org"), ("password", "another horse")];
    assert_eq!(somebody.post("/panel/login", &new).await.status, 303);
    let again = somebody.post("/panel/password", &[("token", &token), ("password", "a third horse")]).await;
    assert_eq!(again.status, 403);

    let late = link(&mut admin).await;
    server.clock.advance(PASSWORD_LINK);
    assert_eq!(Browser::at(&server).get(&late).await.status, 403);
}

#[tokio::test]
async fn an_invitation_is_made_copied_and_taken_back() {
    let server = TestServer::start().await;
    let (mut admin, _) = Browser::of_admin(&server, "ann").await;
    let path = "/panel/admin/invites";
    assert!(admin.page(path).await.contains("There are no invitations."));
    let made = admin.post(path, &[("note", "Bob <of> the museum")]).await.expect(200);
    let link = behind(made.text(), "<code id=\"link\">", '<').strip_prefix(&server.url("")).unwrap();
    assert!(made.text().contains("Bob &#60;of&#62; the museum"), "{}", made.text());
    let mut bob = Browser::at(&server);
    let invite = link.split_once("invite=").unwrap().1;
    let fields = [("email", "bob@example.org"), ("password", PASSWORD), ("invite", invite)];
    bob.submit("/panel/register", &fields).await;
    assert_eq!(bob.get(path).await.status, 403, "it was for no administrator");

    let made = admin.post(path, &[("note", ""), ("admin", "yes")]).await.expect(200);
    assert!(
        made.text().contains("an administrator&#39;s account")
            || made.text().contains("an administrator's account")
    );
    let list = admin.page(path).await;
    assert!(list.contains(">used<") && list.contains(">open<"), "{list}");
    assert!(!list.contains("invite="), "links are shown once");
    let revoke = behind(&list, "action=\"/panel/admin/invites/", '"').to_owned();
    let list = admin.submit(&format!("{path}/{revoke}"), &[]).await;
    assert!(list.contains("The invitation is taken back.") && !list.contains(">open<"), "{list}");
    assert_eq!(admin.post(&format!("{path}/{revoke}"), &[]).await.status, 404);
}
