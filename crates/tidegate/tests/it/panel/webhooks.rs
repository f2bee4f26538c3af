//! Webhooks: added, changed, tried, and what became of each message.

use reqwest::Method;
use serde_json::json;

use crate::{
    support::{
        browser::Browser,
        eventually,
        origin::{Origin, Reply},
        person::Person,
        server::TestServer,
    },
    webhooks::receivers_here,
};

const URL: &str = "https://app.example.org/told";

async fn ann(server: &TestServer) -> (Person, Browser) {
    let ann = server.person("ann").await;
    let mut browser = Browser::at(server);
    browser.sign_in("ann@example.org").await;
    (ann, browser)
}

/// A server that sends nothing, so that what is to be sent stays so.
async fn silent() -> TestServer {
    TestServer::with(|config| config.webhooks.at_once = 0).await
}

/// Adds a webhook, and returns the path of its page.
async fn add(browser: &mut Browser, url: &str) -> String {
    let fields = [("url", url), ("event", "pin.pinned"), ("event", "pin.failed")];
    let added = browser.post("/panel/webhooks", &fields).await.expect(303);
    added.header("location").to_owned()
}

/// The secret that the page shows.
fn secret(page: &str) -> &str {
    page.split("id=\"secret-text\">").nth(1).unwrap().split('<').next().unwrap()
}

#[tokio::test]
async fn a_webhook_is_added_changed_and_removed() {
    let server = silent().await;
    let (ann, mut browser) = ann(&server).await;
    assert!(browser.page("/panel/webhooks").await.contains("Nobody is told yet."));
    let path = add(&mut browser, URL).await;
    let page = browser.page(&path).await;
    assert!(page.contains(&format!("<h1>{URL}</h1>")) && page.contains("The webhook is added."), "{page}");
    let api = path.replace("/panel/", "/api/v1/");
    let known = ann.ask(&format!("{api}/secret")).await.expect(200).json();
    assert_eq!(secret(&page), known["secret"]);
    let list = browser.page("/panel/webhooks").await;
    assert!(list.contains(URL) && list.contains("pin.pinned, pin.failed") && list.contains(">active</span>"));

    let fields = [("url", "http://other.example.org/"), ("event", "pin.removed")];
    let page = browser.submit(&path, &fields).await;
    assert!(page.contains("The webhook is changed.") && page.contains("http://other.example.org/"), "{page}");
    let changed = ann.ask(&api).await.expect(200).json();
    assert_eq!(changed["events"], json!(["pin.removed"]));
    assert_eq!(changed["active"], false, "a box that is not ticked");
    assert!(browser.page("/panel/webhooks").await.contains(">paused</span>"));

    let page = browser.submit(&format!("{path}/remove"), &[]).await;
    assert!(page.contains("The webhook is removed.") && page.contains("Nobody is told yet."), "{page}");
    browser.get(&path).await.expect(404);
    ann.ask(&api).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_what_was_filled_in() {
    let server = silent().await;
    let (_, mut browser) = ann(&server).await;
    let path = add(&mut browser, URL).await;
    for place in ["/panel/webhooks", &path] {
        for (fields, words) in [
            (&[("url", "ftp://app.example.org/"), ("event", "pin.failed")][..], "The address begins with"),
            (&[("url", "https://app.example.org/\"x"), ("active", "yes")], "Choose at least one event."),
            (&[("url", "https://app.example.org/"), ("event", "x")], "Choose at least one event."),
        ] {
            let refused = browser.post(place, fields).await.expect(422);
            assert!(refused.text().contains(words), "{place}: {refused:?}");
            let filled = fields[0].1.replace('"', "&#34;");
            assert!(refused.text().contains(&format!("name=\"url\" value=\"{filled}\"")), "{refused:?}");
        }
    }
    for _ in 1..20 {
        add(&mut browser, URL).await;
    }
    let fields = [("url", URL), ("event", "pin.failed")];
    let refused = browser.post("/panel/webhooks", &fields).await.expect(422);
    assert!(refused.text().contains("An account may have 20 webhooks."), "{refused:?}");
}

#[tokio::test]
async fn a_secret_is_changed_and_the_old_one_counts_for_a_day() {
    let server = silent().await;
    let (_, mut browser) = ann(&server).await;
    for path in [add(&mut browser, URL).await, "/panel/webhooks/callbacks".to_owned()] {
        let before = secret(&browser.page(&path).await).to_owned();
        let page = browser.submit(&format!("{path}/rotate"), &[]).await;
        assert!(page.contains("<details open>") && page.contains("There is a new secret."), "{page}");
        assert!(page.contains("Until <time datetime=\"2023-11-15T22:13:20.123Z\">"), "{page}");
        assert_ne!(secret(&page), before);
        assert_eq!(secret(&browser.page(&path).await), secret(&page));
        let stored = browser.get(&path).await;
        assert_eq!(stored.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_test_message_is_sent_and_sent_again() {
    let receiver = Origin::start(|_| Reply::status(500)).await;
    let server = TestServer::with(receivers_here).await;
    let (_, mut browser) = ann(&server).await;
    let path = add(&mut browser, &receiver.url("/told")).await;
    assert!(browser.page(&path).await.contains("Nothing was sent yet."));
    let page = browser.submit(&format!("{path}/ping"), &[]).await;
    assert!(page.contains("A test message is on its way"), "{page}");
    let mut page = String::new();
    eventually("the message was refused", async || {
        page = browser.page(&path).await;
        page.contains("status 500")
    })
    .await;
    assert!(page.contains("to be sent</span>") && page.contains("next try <time"), "{page}");
    let id = &page[page.find("msg_").unwrap()..][..36];
    let asked = receiver.asked().len();
    let again = browser.submit(&format!("{path}/deliveries/{id}/redeliver"), &[]).await;
    assert!(again.contains("The message is sent again."), "{again}");
    eventually("it came again", async || receiver.asked().len() > asked).await;
    browser.post(&format!("{path}/deliveries/msg_0/redeliver"), &[]).await.expect(404);
}

#[tokio::test]
async fn a_long_log_is_gone_through_page_by_page() {
    let server = silent().await;
    let (_, mut browser) = ann(&server).await;
    let path = add(&mut browser, URL).await;
    for _ in 0..40 {
        browser.post(&format!("{path}/ping"), &[]).await.expect(303);
    }
    let page = browser.page(&path).await;
    assert_eq!(page.matches(">Send again</button>").count(), 30);
    let older = page.split("?before=").nth(1).unwrap().split('"').next().unwrap();
    let rest = browser.page(&format!("{path}?before={older}")).await;
    assert_eq!(rest.matches(">Send again</button>").count(), 10);
    assert!(rest.contains(">Newest</a>") && !rest.contains(">Older</a>"));
    browser.page(&format!("{path}?before=%00")).await;
}

#[tokio::test]
async fn what_is_somebody_elses_is_not_there() {
    let server = silent().await;
    let (ann, mut browser) = ann(&server).await;
    let path = add(&mut browser, URL).await;
    let (mut bob, _) = Browser::of(&server, "bob").await;
    bob.get(&path).await.expect(404);
    for action in ["", "/ping", "/rotate", "/remove", "/deliveries/msg_1/redeliver"] {
        let fields = [("url", "https://evil.example/"), ("event", "pin.pinned")];
        bob.post(&format!("{path}{action}"), &fields).await.expect(404);
        let forged = [("sec-fetch-site", "same-site")];
        let path = format!("{path}{action}");
        browser.ask(Method::POST, &path, &forged, Some(&fields)).await.expect(403);
    }
    for path in ["/panel/webhooks/%00", "/panel/webhooks/callbacks/ping", "/panel/webhooks/callbacks/remove"]
    {
        let method = if path.ends_with("%00") { Method::GET } else { Method::POST };
        let same = [("sec-fetch-site", "same-origin")];
        browser.ask(method, path, &same, Some(&[])).await.expect(404);
    }
    let kept = ann.ask(&path.replace("/panel/", "/api/v1/")).await.expect(200).json();
    assert_eq!(kept["url"], URL);
}
