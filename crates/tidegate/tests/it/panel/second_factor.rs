//! A second factor: setting it up, signing in with it, and getting in without it.

use std::time::Duration;

use aws_lc_rs::hmac;
use http::Method;
use multibase::Base;
use tidegate::clock::Timestamp;

use super::text_of;
use crate::support::{
    browser::{Browser, PASSWORD},
    databases::{TestDatabase, on_both_engines},
    server::TestServer,
};

const ACCOUNT: &str = "/panel/account";
const SETUP: &str = "/panel/account/second-factor";
const CODE: &str = "/panel/login/code";
/// Too short to be one by chance.
const WRONG: &str = "12345";

on_both_engines![
    whoever_has_one_is_asked_for_a_code_that_is_good_once,
    a_recovery_code_is_good_once_and_new_ones_replace_it,
    few_wrong_codes_may_be_entered,
    the_step_between_is_good_for_a_code_and_for_five_minutes,
    it_is_removed_by_its_owner_or_by_the_operator,
];

/// An app on somebody's phone, as RFC 6238 describes it.
struct App(Vec<u8>);

impl App {
    fn code(&self, at: Timestamp) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &(at.as_seconds() / 30).to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// Somebody with a second factor: where they are signed in, their app, and their recovery codes.
async fn with_factor(server: &TestServer, name: &str) -> (Browser, App, Vec<String>) {
    let (mut browser, _) = Browser::of(server, name).await;
    let begin = format!("{SETUP}/begin");
    let refused = browser.post(&begin, &[("password", "wrong")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("The password is not right."));
    let page = browser.submit(&begin, &[("password", PASSWORD)]).await;
    let app = App(Base::Base32Upper.decode(text_of(&page, "secret")).unwrap());
    assert_eq!(app.0.len(), 20);
    assert!(page.contains("<svg class=\"qr\"") && page.contains("<path fill=\"#000\" d=\"M"));

    let confirm = format!("{SETUP}/confirm");
    let refused = browser.post(&confirm, &[("code", WRONG)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("This code is not right"));
    let shown = browser.post(&confirm, &[("code", &app.code(server.clock.now()))]).await.expect(200);
    let codes: Vec<_> = text_of(shown.text(), "codes").lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10);
    (browser, app, codes)
}

/// A browser whose owner has shown the password and is asked for a code.
async fn half_in(server: &TestServer, name: &str) -> Browser {
    let mut browser = Browser::at(server);
    let email = format!("{name}@example.org");
    let fields = [("email", email.as_str()), ("password", PASSWORD), ("next", "/panel/account?from=x")];
    let sent = browser.post("/panel/login", &fields).await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, "/panel/login/code?next=%2Fpanel%2Faccount%3Ffrom%3Dx")
    );
    assert!(browser.cookies.contains_key("tidegate_half") && !browser.cookies.contains_key("tidegate"));
    browser
}

async fn whoever_has_one_is_asked_for_a_code_that_is_good_once(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut owner, app, _) = with_factor(&server, "ann").await;
    let page = owner.page(ACCOUNT).await;
    assert!(page.contains(">on</span>") && page.contains("10 recovery codes are left."), "{page}");
    assert_eq!(owner.get(SETUP).await.status, 303, "the secret is shown no more");

    let mut browser = half_in(&server, "ann").await;
    assert_eq!(browser.get("/panel").await.status, 303, "half in is not in");
    let asked = browser.page("/panel/login/code?next=%2Fpanel%2Faccount").await;
    assert!(asked.contains("value=\"/panel/account\""), "{asked}");
    let used = app.code(server.clock.now());
    for wrong in [used.as_str(), WRONG, "", &app.code(server.clock.now().plus(Duration::from_secs(61)))] {
        let refused = browser.post(CODE, &[("code", wrong), ("next", "/panel/account")]).await;
        assert_eq!(refused.status, 401, "{wrong}");
        assert!(refused.text().contains("This code is not right"));
    }
    let next = app.code(server.clock.now().plus(Duration::from_secs(30)));
    let fields = [("code", next.as_str()), ("next", "/panel/account?from=x")];
    let half = browser.cookies.clone();
    let entered = browser.post(CODE, &fields).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/panel/account?from=x"));
    assert!(!browser.cookies.contains_key("tidegate_half"));
    browser.page(ACCOUNT).await;

    // Neither the code nor what the password opened is good a second time.
    let mut thief = Browser::at(&server);
    thief.cookies = half;
    assert_eq!(thief.post(CODE, &fields).await.header("location"), "/panel/login");
    let mut thief = half_in(&server, "ann").await;
    assert_eq!(thief.post(CODE, &fields).await.status, 401);
    let evil =
        [("code", &*app.code(server.clock.now().plus(Duration::from_secs(30)))), ("next", "//evil.example")];
    server.clock.advance(Duration::from_secs(30));
    assert_eq!(thief.post(CODE, &evil).await.status, 401, "it was used a step early");
    let code = app.code(server.clock.now().plus(Duration::from_secs(30)));
    let entered = thief.post(CODE, &[("code", &code), ("next", "//evil.example")]).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/panel"));
}

async fn a_recovery_code_is_good_once_and_new_ones_replace_it(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut owner, app, codes) = with_factor(&server, "ann").await;
    let enter = async |code: &str| half_in(&server, "ann").await.post(CODE, &[("code", code)]).await.status;
    assert_eq!(enter(&codes[3].to_uppercase().replace('-', " ")).await, 303);
    assert_eq!(enter(&codes[3]).await, 401, "it was used");
    let page = owner.page(ACCOUNT).await;
    assert!(page.contains("9 recovery codes are left.") && !page.contains(&codes[4]), "{page}");

    let renew = format!("{SETUP}/codes");
    assert_eq!(owner.post(&renew, &[("code", WRONG)]).await.status, 422);
    server.clock.advance(Duration::from_secs(60));
    let shown = owner.post(&renew, &[("code", &app.code(server.clock.now()))]).await.expect(200);
    let new = text_of(shown.text(), "codes");
    assert_eq!(enter(&codes[4]).await, 401);
    assert_eq!(enter(new.lines().next().unwrap()).await, 303);
    let (_, _, of_bob) = with_factor(&server, "bob").await;
    assert_eq!(enter(&of_bob[0]).await, 401, "somebody else's");
}

async fn few_wrong_codes_may_be_entered(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (_, app, codes) = with_factor(&server, "ann").await;
    let mut browser = half_in(&server, "ann").await;
    for _ in 0..10 {
        assert_eq!(browser.post(CODE, &[("code", WRONG)]).await.status, 401);
    }
    let next = app.code(server.clock.now().plus(Duration::from_secs(30)));
    for code in [&next, &codes[0]] {
        // From everywhere: what is counted is the account.
        let refused = half_in(&server, "ann").await.post(CODE, &[("code", code)]).await;
        assert_eq!(refused.status, 429);
        assert!(refused.text().contains("Try again after 2023-11-14 23:13 UTC."), "{}", refused.text());
    }
    server.clock.advance(Duration::from_secs(60 * 60));
    let code = app.code(server.clock.now());
    assert_eq!(half_in(&server, "ann").await.post(CODE, &[("code", &code)]).await.status, 303);
}

async fn the_step_between_is_good_for_a_code_and_for_five_minutes(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut owner, app, _) = with_factor(&server, "ann").await;
    let mut browser = half_in(&server, "ann").await;
    server.clock.advance(Duration::from_secs(5 * 60) - Duration::from_millis(1));
    browser.page(CODE).await;
    server.clock.advance(Duration::from_millis(1));
    let code = app.code(server.clock.now());
    let over = browser.post(CODE, &[("code", &code)]).await;
    assert_eq!((over.status, over.header("location")), (303, "/panel/login"));
    assert!(browser.page("/panel/login").await.contains("That took too long. Sign in again."));
    assert_eq!(Browser::at(&server).post(CODE, &[("code", &code)]).await.header("location"), "/panel/login");

    // What one password has opened half ends with it.
    let mut browser = half_in(&server, "ann").await;
    let fields = [("old", PASSWORD), ("new", "battery staple"), ("again", "battery staple")];
    owner.submit("/panel/account/password", &fields).await;
    assert_eq!(browser.post(CODE, &[("code", &code)]).await.header("location"), "/panel/login");
    // A page elsewhere cannot enter codes.
    let forged =
        browser.ask(Method::POST, CODE, &[("sec-fetch-site", "cross-site")], Some(&[("code", "1")])).await;
    assert_eq!(forged.status, 403);
}

async fn it_is_removed_by_its_owner_or_by_the_operator(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut owner, _, codes) = with_factor(&server, "ann").await;
    let remove = format!("{SETUP}/remove");
    for (password, code, words) in [
        ("wrong", codes[0].as_str(), "The password is not right."),
        (PASSWORD, WRONG, "This code is not right"),
    ] {
        let refused = owner.post(&remove, &[("password", password), ("code", code)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(words), "{}", refused.text());
    }
    let again = owner.post(&format!("{SETUP}/begin"), &[("password", PASSWORD)]).await;
    assert!(again.text().contains("There is a second factor already"));
    let page = owner.submit(&remove, &[("password", PASSWORD), ("code", &codes[0])]).await;
    assert!(page.contains("The second factor is removed.") && page.contains(">off</span>"), "{page}");
    Browser::at(&server).sign_in("ann@example.org").await;

    let (_, app, _) = with_factor(&server, "bob").await;
    let mut browser = half_in(&server, "bob").await;
    let bob = server.app.accounts.find_by_email("bob@example.org").await.unwrap().unwrap().id;
    assert_eq!(server.app.accounts.reset_second_factor(bob).await, Ok(true));
    assert_eq!(server.app.accounts.reset_second_factor(bob).await, Ok(false));
    let code = app.code(server.clock.now().plus(Duration::from_secs(30)));
    assert_eq!(browser.post(CODE, &[("code", &code)]).await.header("location"), "/panel/login");
    Browser::at(&server).sign_in("bob@example.org").await;
}
