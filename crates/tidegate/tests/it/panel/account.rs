//! The account's page: its password, and where its owner is signed in.

use crate::support::{
    browser::{Browser, PASSWORD},
    databases::{TestDatabase, on_both_engines},
    server::TestServer,
};

const PAGE: &str = "/panel/account";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

on_both_engines![a_new_password_ends_all_other_sessions, sessions_are_listed_and_ended];

async fn a_new_password_ends_all_other_sessions(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut here, account) = Browser::of(&server, "ann").await;
    let mut there = Browser::at(&server);
    there.sign_in("ann@example.org").await;
    let change = format!("{PAGE}/password");
    for (old, new, again, words) in [
        ("wrong", "battery staple", "battery staple", "The password is not right."),
        (PASSWORD, "battery staple", "battery stable", "not the same the second time"),
        (PASSWORD, "short", "short", "8 to 1024 bytes"),
    ] {
        let refused = here.post(&change, &[("old", old), ("new", new), ("again", again)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(words) && !refused.text().contains(new), "{}", refused.text());
    }
    there.page(PAGE).await;
    let fields = [("old", PASSWORD), ("new", "battery staple"), ("again", "battery staple")];
    assert!(here.submit(&change, &fields).await.contains("The password is changed"));
    assert_eq!(there.get(PAGE).await.status, 303, "signed out");
    let login = async |password: &str| {
        let fields = [("email", "ann@example.org"), ("password", password)];
        Browser::at(&server).post("/panel/login", &fields).await.status
    };
    assert_eq!((login(PASSWORD).await, login("battery staple").await), (401, 303));

    // The operator's change ends them all.
    server.app.accounts.set_password(account, PASSWORD.into()).await.unwrap();
    assert_eq!(here.get(PAGE).await.status, 303);
}

async fn sessions_are_listed_and_ended(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut here, account) = Browser::of(&server, "ann").await;
    let sign_in = async |agent: &str| {
        let mut browser = Browser::at(&server);
        browser.headers.push(("user-agent", agent.to_owned()));
        browser.sign_in("ann@example.org").await;
        browser
    };
    let (mut first, mut second) = (sign_in(FIREFOX).await, sign_in("<b>evil</b>").await);
    let page = here.page(PAGE).await;
    assert!(page.contains("Firefox on Linux") && page.contains("An unknown program"), "{page}");
    assert!(!page.contains("<b>evil") && page.matches(">this one</span>").count() == 1);
    assert!(page.contains("127.0.0.1"));

    let sessions = server.app.accounts.list_sessions(account).await.unwrap();
    let firefox = sessions.iter().find(|session| session.agent == FIREFOX).unwrap();
    let end = format!("{PAGE}/sessions/{}/end", firefox.id);
    let (mut bob, _) = Browser::of(&server, "bob").await;
    bob.post(&end, &[]).await;
    first.page(PAGE).await;
    assert!(!here.submit(&end, &[]).await.contains("Firefox on Linux"));
    assert_eq!(first.get(PAGE).await.status, 303);

    second.page(PAGE).await;
    let page = here.submit(&format!("{PAGE}/sessions/end-others"), &[]).await;
    assert!(page.contains("All other sessions have ended.") && !page.contains("End all others"), "{page}");
    assert_eq!(second.get(PAGE).await.status, 303);
}
