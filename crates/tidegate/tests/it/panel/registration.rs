//! Who may make an account: the first administrator, whoever is invited, or everybody.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tidegate::{accounts::INVITATION, config::Registration};

use crate::support::{
    browser::{Browser, PASSWORD},
    server::TestServer,
};

const REGISTER: &str = "/panel/register";

async fn with(registration: Registration) -> TestServer {
    TestServer::with(|config| config.panel.registration = registration).await
}

async fn first_link(server: &TestServer) -> String {
    server.app.accounts.invite_first_admin().await.unwrap().unwrap().expose_secret().to_owned()
}

fn fields<'a>(email: &'a str, invite: &'a str) -> [(&'a str, &'a str); 3] {
    [("email", email), ("password", PASSWORD), ("invite", invite)]
}

#[tokio::test]
async fn the_first_administrator_has_a_link_that_is_good_once() {
    let server = with(Registration::Closed).await;
    let old = first_link(&server).await;
    let link = first_link(&server).await;
    let mut browser = Browser::at(&server);
    assert_eq!(
        browser.get(&format!("{REGISTER}?invite={old}")).await.status,
        403,
        "a later start makes another"
    );
    let page = browser.page(&format!("{REGISTER}?invite={link}")).await;
    assert!(page.contains("The administrator's account"), "{page}");

    let first = browser.submit(REGISTER, &fields("ann@example.org", &link)).await;
    assert!(first.contains("Welcome!") && first.contains("ann@example.org"), "{first}");
    assert!(server.app.accounts.find_by_email("ann@example.org").await.unwrap().unwrap().is_admin);
    assert!(server.app.accounts.invite_first_admin().await.unwrap().is_none(), "there is one now");

    let again = Browser::at(&server).post(REGISTER, &fields("bob@example.org", &link)).await;
    assert_eq!(again.status, 403);
    assert!(again.text().contains("This invitation is not good"));
}

#[tokio::test]
async fn what_cannot_be_an_account_is_said_in_words_and_uses_no_invitation_up() {
    let server = with(Registration::Invite).await;
    let link = first_link(&server).await;
    server.app.accounts.register("ann@example.org", PASSWORD.into()).await.unwrap();
    let mut browser = Browser::at(&server);
    for (email, password, words) in [
        ("ann", PASSWORD, "e-mail address"),
        ("bob@example.org", "short", "A password has 8 to 1024 bytes."),
        ("ANN@example.org", PASSWORD, "There is an account with this e-mail address already."),
    ] {
        let fields = [("email", email), ("password", password), ("invite", link.as_str())];
        let refused = browser.post(REGISTER, &fields).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(words), "{}", refused.text());
        assert!(!refused.text().contains("value=\"short\""), "the password is not shown again");
    }
    let refused = browser.post(REGISTER, &[("email", "bob@example.org")]).await;
    assert_eq!(refused.status, 422, "a field is missing: {refused:?}");
    let endless = "x".repeat(100_000);
    let refused = browser.post(REGISTER, &[("email", &endless), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("The body is longer than 65536 bytes."), "{}", refused.text());
    browser.submit(REGISTER, &fields("bob@example.org", &link)).await;
}

#[tokio::test]
async fn an_invitation_is_for_one_and_ends() {
    let server = with(Registration::Invite).await;
    let accounts = &server.app.accounts;
    let without = Browser::at(&server).get(REGISTER).await;
    assert_eq!(without.status, 403);
    assert!(without.text().contains("by invitation"));

    let (_, token) = accounts.invite(None, "for Ann", false).await.unwrap();
    let posts = (0..4).map(|n| {
        let (mut browser, token) = (Browser::at(&server), token.expose_secret().to_owned());
        async move { browser.post(REGISTER, &fields(&format!("ann{n}@example.org"), &token)).await.status }
    });
    let mut statuses = futures_util::future::join_all(posts).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303, "{statuses:?}");
    assert!(statuses[1..].iter().all(|status| [403, 422].contains(status)), "{statuses:?}");

    let (_, late) = accounts.invite(None, "", false).await.unwrap();
    let (taken_back, revoked) = accounts.invite(None, "", false).await.unwrap();
    assert!(accounts.revoke_invite(&taken_back.id).await.unwrap());
    let refused =
        Browser::at(&server).post(REGISTER, &fields("x@example.org", revoked.expose_secret())).await;
    assert_eq!(refused.status, 403);
    server.clock.advance(INVITATION + Duration::from_millis(1));
    let refused = Browser::at(&server).post(REGISTER, &fields("x@example.org", late.expose_secret())).await;
    assert_eq!(refused.status, 403);
    assert!(accounts.find_by_email("x@example.org").await.unwrap().is_none());
}

#[tokio::test]
async fn closed_means_closed_but_for_the_operators_own_links() {
    let server = with(Registration::Closed).await;
    let accounts = &server.app.accounts;
    let (_, admin) = Browser::of_admin(&server, "ann").await;
    let (_, of_admin) = accounts.invite(Some(admin), "", false).await.unwrap();
    let refused =
        Browser::at(&server).post(REGISTER, &fields("bob@example.org", of_admin.expose_secret())).await;
    assert_eq!(refused.status, 403);
    let (_, of_operator) = accounts.invite(None, "", false).await.unwrap();
    Browser::at(&server).submit(REGISTER, &fields("bob@example.org", of_operator.expose_secret())).await;
    assert!(!accounts.find_by_email("bob@example.org").await.unwrap().unwrap().is_admin);
}

#[tokio::test]
async fn where_everybody_may_nobody_may_all_the_time() {
    let server = with(Registration::Open).await;
    let mut browser = Browser::at(&server);
    assert!(browser.page("/panel/login").await.contains("/panel/register"));
    for n in 0..20 {
        let mut other = Browser::at(&server);
        let made =
            other.post(REGISTER, &[("email", &format!("p{n}@example.org")), ("password", PASSWORD)]).await;
        assert_eq!(made.status, 303, "{n}");
    }
    let refused = browser.post(REGISTER, &[("email", "q@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 429);
    assert!(!server.app.accounts.find_by_email("p3@example.org").await.unwrap().unwrap().is_admin);
}
