//! Signing in, staying so for a while, and what a browser is told of each page.

use std::time::Duration;

use http::Method;

use crate::support::{
    browser::{Browser, PASSWORD},
    server::TestServer,
};

const LOGIN: &str = "/panel/login";

#[tokio::test]
async fn whoever_has_the_password_is_let_in_and_goes_on_where_they_wanted_to() {
    let server = TestServer::start().await;
    server.app.accounts.register("ann@example.org", PASSWORD.into()).await.unwrap();
    let mut browser = Browser::at(&server);
    let sent = browser.get("/panel?from=x").await;
    assert_eq!((sent.status, sent.header("location")), (303, "/panel/login?next=%2Fpanel%3Ffrom%3Dx"));
    let asked = browser.page("/panel/login?next=%2Fpanel%3Ffrom%3Dx").await;
    assert!(asked.contains("value=\"/panel?from=x\""), "{asked}");

    let wrong = browser.post(LOGIN, &[("email", "ann@example.org"), ("password", "wrong")]).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("The e-mail address or the password is wrong."));
    let nobody = browser.post(LOGIN, &[("email", "bob@example.org"), ("password", "wrong")]).await;
    assert_eq!(nobody.text().replace("bob@", "ann@"), wrong.text(), "nobody learns who has an account");
    assert!(browser.cookies.is_empty());

    let fields = [("email", " Ann@example.org"), ("password", PASSWORD), ("next", "/panel?from=x")];
    let entered = browser.post(LOGIN, &fields).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/panel?from=x"));
    let cookie = entered.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(browser.page("/panel?from=x").await.contains("ann@example.org"));
    assert_eq!(browser.get(LOGIN).await.header("location"), "/panel", "who is in need not sign in");
}

#[tokio::test]
async fn nobody_is_sent_elsewhere_after_signing_in() {
    let server = TestServer::start().await;
    server.app.accounts.register("ann@example.org", PASSWORD.into()).await.unwrap();
    for next in [
        "https://evil.example",
        "//evil.example",
        "/panel.evil",
        "/panelx",
        "/panel\\@evil",
        "/ipfs/x",
        "/panel\r\nx: y",
    ] {
        let fields = [("email", "ann@example.org"), ("password", PASSWORD), ("next", next)];
        let entered = Browser::at(&server).post(LOGIN, &fields).await;
        assert_eq!((entered.status, entered.header("location")), (303, "/panel"), "{next:?}");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_when_it_is_old_and_when_its_owner_leaves() {
    let server = TestServer::start().await;
    let (mut browser, _) = Browser::of(&server, "ann").await;
    let idle = Duration::from_secs(12 * 60 * 60);
    for _ in 0..3 {
        server.clock.advance(idle - Duration::from_secs(1));
        browser.page("/panel").await;
    }
    server.clock.advance(idle);
    assert_eq!(browser.get("/panel").await.status, 303, "twelve hours without a page");

    browser.sign_in("ann@example.org").await;
    for _ in 0..80 {
        server.clock.advance(idle - Duration::from_secs(60 * 60));
        browser.get("/panel").await;
    }
    assert_eq!(browser.get("/panel").await.status, 303, "more than thirty days");

    browser.sign_in("ann@example.org").await;
    let cookies = browser.cookies.clone();
    assert!(browser.submit("/panel/logout", &[]).await.contains("You are signed out."));
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    browser.cookies = cookies;
    assert_eq!(browser.get("/panel").await.status, 303, "the cookie is of no use to whoever kept it");
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let server = TestServer::start().await;
    let (mut browser, _) = Browser::of(&server, "ann").await;
    let origin = server.url("");
    let foreign: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", &origin)],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for headers in foreign {
        let refused = browser.ask(Method::POST, "/panel/logout", headers, Some(&[])).await;
        assert_eq!(refused.status, 403, "{headers:?}");
        browser.page("/panel").await;
    }
    // Browsers of before 2023 say the origin alone.
    let own = browser.ask(Method::POST, "/panel/logout", &[("origin", &origin)], Some(&[])).await;
    assert_eq!(own.status, 303);
}

#[tokio::test]
async fn every_page_tells_browsers_what_it_may_do() {
    let server = TestServer::start().await;
    let (mut browser, _) = Browser::of(&server, "ann").await;
    for (path, status) in
        [("/panel", 200), ("/panel/nothing", 404), ("/panel/logout", 405), ("/panel/register", 403)]
    {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("access-control-allow-origin"), "", "no other site reads it");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn by_https_the_cookie_never_goes_another_way() {
    let server = TestServer::with(|config| {
        config.server.public_url = Some("https://pin.example.org".to_owned());
    })
    .await;
    let (mut browser, _) = Browser::of(&server, "ann").await;
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["__Host-tidegate"]);
    let origin = [("origin", "https://pin.example.org")];
    let left = browser.ask(Method::POST, "/panel/logout", &origin, Some(&[])).await;
    assert_eq!(left.status, 303);
    for cookie in left.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(!cookie.starts_with("__Host-") || cookie.ends_with("; Secure"), "{cookie}");
    }
}

#[tokio::test]
async fn guessing_passwords_is_slow_and_the_owner_gets_in_from_elsewhere() {
    let server = TestServer::with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    server.app.accounts.register("ann@example.org", PASSWORD.into()).await.unwrap();
    let mut guesser = Browser::at(&server);
    guesser.headers = vec![("x-forwarded-for", "192.0.2.1".to_owned())];
    let wrong = [("email", "ann@example.org"), ("password", "wrong")];
    for _ in 0..10 {
        assert_eq!(guesser.post(LOGIN, &wrong).await.status, 401);
    }
    let refused = guesser.post(LOGIN, &wrong).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "30"));
    let right = [("email", "ann@example.org"), ("password", PASSWORD)];
    assert_eq!(guesser.post(LOGIN, &right).await.status, 429, "nor with the right one");

    let mut owner = Browser::at(&server);
    owner.headers = vec![("x-forwarded-for", "198.51.100.7".to_owned())];
    owner.sign_in("ann@example.org").await;
    server.clock.advance(Duration::from_secs(30));
    assert_eq!(guesser.post(LOGIN, &right).await.status, 303, "after a while it goes on");
}

#[tokio::test]
async fn scripts_and_style_are_kept_by_browsers_and_found_under_their_version_alone() {
    let server = TestServer::start().await;
    let mut browser = Browser::at(&server);
    let page = browser.page(LOGIN).await;
    for name in ["panel.css", "copy.js", "menu.js", "icon.svg"] {
        let (before, _) = page.split_once(&format!("/{name}\"")).unwrap();
        let (_, version) = before.rsplit_once('/').unwrap();
        let asset = browser.get(&format!("/panel/assets/{version}/{name}")).await;
        assert_eq!(
            (asset.status, asset.header("cache-control")),
            (200, "public, max-age=31536000, immutable")
        );
        assert_eq!(browser.get(&format!("/panel/assets/0123456789abcdef/{name}")).await.status, 404);
    }
}
