//! What somebody has pinned: found, looked at, and let go.

use bytes::Bytes;
use serde_json::json;
use tidegate::{
    clock::Timestamp,
    db::{
        AccountId,
        pins::{self, NewPin, PinSource, Visibility},
    },
};
use tidegate_content::{Profile, content_key, parse_cid};

use crate::support::{
    browser::Browser,
    content::{cid_of, cid_v0, content, file, folder_cid, unique},
    person::Person,
    server::TestServer,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

/// Somebody with programs, and their browser.
async fn ann(server: &TestServer) -> (Person, Browser) {
    let ann = server.person("ann").await;
    let mut browser = Browser::at(server);
    browser.sign_in("ann@example.org").await;
    (ann, browser)
}

/// Pins `content` under this name, and returns its CID.
async fn pin_named(person: &Person, name: &str, bytes: &Bytes) -> String {
    let cid = cid_v0(bytes);
    let form = person.form(&cid).text("decooMetadata", &json!({"name": name}).to_string());
    person.upload(form.file("file.bin", bytes)).await.expect(200);
    cid
}

/// The id of the account's newest pin.
async fn newest(server: &TestServer, account: AccountId) -> i64 {
    server.pins(account).await[0].id.0
}

/// The titles of pins in a page, in their order.
fn titles(page: &str) -> Vec<&str> {
    page.split("aria-label=\"Select ").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Where a link of this text leads.
fn link<'a>(page: &'a str, text: &str) -> &'a str {
    let before = page.split(&format!(">{text}</a>")).next().unwrap();
    assert_ne!(before.len(), page.len(), "there is no link {text}: {page}");
    let tag = &before[before.rfind("<a ").unwrap()..];
    tag.split("href=\"").nth(1).unwrap().split('"').next().unwrap()
}

#[tokio::test]
async fn a_long_list_is_gone_through_page_by_page_in_every_order() {
    let server = TestServer::start().await;
    let (mut browser, account) = Browser::of(&server, "ann").await;
    server
        .app
        .db
        .write(move |s| {
            Box::pin(async move {
                for number in 0..120_u64 {
                    let pin = NewPin {
                        account,
                        root: format!("root{number}"),
                        cid: format!("Qm{number}"),
                        name: Some(format!("File {:03}", number * 7 % 120)),
                        meta: "{}".to_owned(),
                        visibility: Visibility::Public,
                        source: PinSource::PinFile,
                        size: number * 11 % 120,
                    };
                    let at = Timestamp::from_seconds(i64::try_from(number).unwrap());
                    pins::upsert_pin(s, &pin, at).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    for (order, first) in [("newest", 119), ("oldest", 0), ("name", 0), ("largest", 109)] {
        let mut page = browser.page(&format!("/panel/pins?sort={order}")).await;
        assert!(page.contains("120 pins") && page.contains(&format!("value=\"{order}\" selected")), "{page}");
        let mut seen = titles(&page).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(seen[0], format!("File {:03}", first * 7 % 120), "{order}");
        for expected in [50, 20] {
            let next = link(&page, "Next page").replace("&amp;", "&").replace("&#38;", "&");
            page = browser.page(&next).await;
            assert_eq!(titles(&page).len(), expected, "{order}");
            assert!(page.contains(">First page</a>"));
            seen.extend(titles(&page).into_iter().map(str::to_owned));
        }
        assert!(!page.contains("Next page"));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 120, "{order}: each of them once");
    }
    for place in ["nonsense", "5", "5.x", ".", "%00.%00", "99999999999999999999.1"] {
        assert_eq!(titles(&browser.page(&format!("/panel/pins?after={place}")).await).len(), 50, "{place}");
    }
}

#[tokio::test]
async fn a_pin_is_found_by_a_part_of_its_name_and_by_either_form_of_its_cid() {
    let server = TestServer::start().await;
    let (ann, mut browser) = ann(&server).await;
    assert!(browser.page("/panel/pins").await.contains("Nothing is pinned yet."));
    let cid = pin_named(&ann, "Summer <beach> & \"sun\".jpg", &content(unique(), 100)).await;
    pin_named(&ann, "winter.jpg", &content(unique(), 100)).await;
    let v1 = content_key(&parse_cid(&cid).unwrap()).to_string();
    for (q, expected) in [
        ("BEACH", &["Summer &#60;beach&#62; &#38; &#34;sun&#34;.jpg"][..]),
        (".jpg", &["Summer &#60;beach&#62; &#38; &#34;sun&#34;.jpg", "winter.jpg"]),
        (&cid, &["Summer &#60;beach&#62; &#38; &#34;sun&#34;.jpg"]),
        (&v1, &["Summer &#60;beach&#62; &#38; &#34;sun&#34;.jpg"]),
        ("%3Cbeach%3E", &["Summer &#60;beach&#62; &#38; &#34;sun&#34;.jpg"]),
        ("nowhere", &[]),
        (&cid_v0(&content(unique(), 5)), &[]),
    ] {
        let page = browser.page(&format!("/panel/pins?q={q}")).await;
        assert_eq!(titles(&page), expected, "{q}");
        assert_eq!(page.contains("No pin is like that."), expected.is_empty());
        assert!(!page.contains("<beach>"), "what was asked for is no markup");
    }
    let other = server.person("bob").await;
    let theirs = pin_named(&other, "bob's beach", &content(unique(), 100)).await;
    for q in ["beach", &theirs] {
        assert!(!browser.page(&format!("/panel/pins?q={q}")).await.contains("bob"));
    }
}

#[tokio::test]
async fn a_pin_s_page_says_what_it_is_and_shows_what_is_in_it() {
    let server = TestServer::start().await;
    let (ann, mut browser) = ann(&server).await;
    let cid = pin_named(&ann, "notes.txt", &Bytes::from(format!("{} & <b>bold</b>", unique()))).await;
    let id = newest(&server, ann.account).await;
    let page = browser.page(&format!("/panel/pins/{id}")).await;
    let v1 = content_key(&parse_cid(&cid).unwrap()).to_string();
    for expected in [
        "<h1>notes.txt</h1>",
        &format!("<code id=\"cid\">{cid}</code>"),
        &format!("<code id=\"other-cid\">{v1}</code>"),
        &format!("href=\"/ipfs/{cid}\""),
        ">everybody</span>",
        "uploaded",
        "&#60;b&#62;bold&#60;/b&#62;",
        &format!("href=\"/panel/pins/{id}/content?download=true\""),
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let saved = browser.get(&format!("/panel/pins/{id}/content?download=true")).await.expect(200);
    assert_eq!(saved.header("content-disposition"), "attachment; filename=\"notes.txt\"");

    // A folder, and what is in it, whatever its names are.
    let items = [
        file("a b/picture #1?.png", PNG),
        file("a b/sound.mp3", "x"),
        file("a b/film.mp4", "x"),
        file("a b/paper.pdf", "%PDF-1.7"),
        file("a b/page.html", "<script>alert(1)</script>"),
        file("a b/data.json", "{\"a\": 1}"),
        file("a b/long.txt", "x".repeat(70_000)),
        file("a b/bytes", content(unique(), 100)),
    ];
    let folder = folder_cid(Profile::UNIXFS_V1_2025, &items).to_string();
    ann.pin_folder(&folder, &items).await.expect(200);
    let id = newest(&server, ann.account).await;
    let page = browser.page(&format!("/panel/pins/{id}")).await;
    let inside = link(&page, "a b").to_owned();
    assert_eq!(inside, format!("/panel/pins/{id}?path=a%20b"));
    assert!(page.contains(&format!("<code>{folder}</code>")) || page.contains(&folder));
    let page = browser.page(&inside).await;
    let content_path = format!("/panel/pins/{id}/content/a%20b");
    for (name, expected) in [
        ("picture #1?.png", format!("<img class=\"preview\" src=\"{content_path}/picture%20%231%3F.png\"")),
        ("sound.mp3", format!("controls preload=\"metadata\" src=\"{content_path}/sound.mp3\"")),
        ("film.mp4", format!("controls preload=\"metadata\" src=\"{content_path}/film.mp4\"")),
        ("paper.pdf", format!("<iframe class=\"preview\" src=\"{content_path}/paper.pdf\"")),
        ("page.html", "&#60;script&#62;alert(1)&#60;/script&#62;".to_owned()),
        ("data.json", "{&#34;a&#34;: 1}".to_owned()),
        ("long.txt", "This is its beginning.".to_owned()),
        ("bytes", "Files of this kind have no preview.".to_owned()),
    ] {
        let shown = browser.page(link(&page, name)).await;
        assert!(shown.contains(&expected), "{name}: {shown}");
        let steps = shown.split("Place in the folder").nth(1).unwrap();
        assert_eq!(link(steps, "a b"), inside);
    }
    let picture = browser.get(&format!("{content_path}/picture%20%231%3F.png")).await.expect(200);
    assert_eq!((picture.header("content-type"), &picture.body[..]), ("image/png", PNG));
    let missing = browser.page(&format!("/panel/pins/{id}?path=a%20b/none")).await;
    assert!(missing.contains("It cannot be shown: there is no &#34;none&#34; in this folder."), "{missing}");
    browser.get(&format!("/panel/pins/{id}/content/none")).await.expect(404);
    browser.get(&format!("/panel/pins/{id}/content")).await.expect(501);
}

#[tokio::test]
async fn private_content_is_shown_to_its_owner_and_to_nobody_else() {
    let server = TestServer::start().await;
    let (ann, mut browser) = ann(&server).await;
    let bytes = content(unique(), 300_000);
    let cid = cid_of(Profile::UNIXFS_V1_2025, &bytes).to_string();
    let form = ann.form(&cid).text("visibility", "private").file("file.bin", &bytes);
    ann.upload(form).await.expect(200);
    let id = newest(&server, ann.account).await;
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    let page = browser.page(&format!("/panel/pins/{id}")).await;
    assert!(page.contains(">private</span>") && !page.contains("/ipfs/"), "{page}");

    let path = format!("/panel/pins/{id}/content");
    let whole = browser.get(&path).await.expect(200);
    assert!(whole.body == bytes);
    assert_eq!(whole.header("cache-control"), "private, no-cache");
    let headers = [("range", "bytes=1000-1999"), ("if-range", whole.header("etag"))];
    let part = browser.ask(http::Method::GET, &path, &headers, None).await.expect(206);
    assert!(part.body == bytes[1000..2000]);
    assert_eq!(part.header("content-range"), "bytes 1000-1999/300000");
    let known = [("if-none-match", whole.header("etag"))];
    browser.ask(http::Method::GET, &path, &known, None).await.expect(304);
    browser.ask(http::Method::GET, &path, &[("range", "bytes=300000-")], None).await.expect(416);

    let (mut bob, _) = Browser::of(&server, "bob").await;
    for path in [&path, &format!("/panel/pins/{id}")] {
        bob.get(path).await.expect(404);
        let sent = server.get(path).await.expect(303);
        assert!(sent.header("location").starts_with("/panel/login?next="), "{sent:?}");
        let with_key = [("authorization", format!("Bearer {}", ann.api_key))];
        let with_key: Vec<_> = with_key.iter().map(|(name, value)| (*name, value.as_str())).collect();
        server.get_with(path, &with_key).await.expect(303);
    }
}

#[tokio::test]
async fn nothing_that_was_pinned_runs_as_a_page_of_the_panel() {
    let server = TestServer::start().await;
    let (ann, mut browser) = ann(&server).await;
    let items = [
        file("page.html", "<script>alert(1)</script>"),
        file("picture.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        file("feed.xml", "<x/>"),
        file("script.js", "alert(1)"),
        file("large.html", "<p>".repeat(50_000)),
        file("paper.pdf", "%PDF-1.7"),
    ];
    let folder = folder_cid(Profile::UNIXFS_V1_2025, &items).to_string();
    ann.pin_folder(&folder, &items).await.expect(200);
    let id = newest(&server, ann.account).await;
    for name in ["page.html", "picture.svg", "feed.xml", "script.js", "large.html", "nothing"] {
        let answer = browser.get(&format!("/panel/pins/{id}/content/{name}")).await;
        let policy = answer.header("content-security-policy");
        if name == "nothing" {
            assert_eq!((answer.status, answer.header("content-type")), (404, "text/plain; charset=utf-8"));
        } else {
            assert!(policy.starts_with("sandbox; default-src 'none';"), "{name}: {policy}");
            assert!(!policy.contains("allow-"), "{name}: {policy}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{name}");
        assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN", "{name}");
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{name}");
    }
    // Browsers show no PDF in a sandbox.
    let paper = browser.get(&format!("/panel/pins/{id}/content/paper.pdf")).await.expect(200);
    assert_eq!(paper.header("content-type"), "application/pdf");
    assert_eq!(paper.header("content-security-policy"), "frame-ancestors 'self'");
}

#[tokio::test]
async fn pins_are_let_go_one_by_one_and_many_at_once() {
    let server = TestServer::start().await;
    let (ann, mut browser) = ann(&server).await;
    let bob = server.person("bob").await;
    let theirs = pin_named(&bob, "bob's", &content(unique(), 100)).await;
    let theirs_id = newest(&server, bob.account).await.to_string();
    let mut pinned = Vec::new();
    for name in ["one", "two", "three"] {
        let cid = pin_named(&ann, name, &content(unique(), 100)).await;
        pinned.push((cid, newest(&server, ann.account).await.to_string()));
    }
    let [(one, one_id), (two, two_id), (three, three_id)] = &pinned[..] else { unreachable!() };

    let forged = [("sec-fetch-site", "cross-site")];
    let path = format!("/panel/pins/{one_id}/remove");
    browser.ask(http::Method::POST, &path, &forged, Some(&[])).await.expect(403);
    server.get(&format!("/ipfs/{one}")).await.expect(200);
    let page = browser.submit(&path, &[]).await;
    assert!(page.contains("The pin is removed.") && titles(&page) == ["three", "two"], "{page}");
    server.get(&format!("/ipfs/{one}")).await.expect(404);
    browser.post(&path, &[]).await.expect(404);
    browser.post(&format!("/panel/pins/{theirs_id}/remove"), &[]).await.expect(404);

    let fields = [("pin", two_id.as_str()), ("pin", three_id), ("pin", &theirs_id), ("pin", "x")];
    let page = browser.submit("/panel/pins/remove", &fields).await;
    assert!(page.contains("2 pins are removed.") && page.contains("Nothing is pinned yet."), "{page}");
    for gone in [two, three] {
        server.get(&format!("/ipfs/{gone}")).await.expect(404);
    }
    server.get(&format!("/ipfs/{theirs}")).await.expect(200);
    assert_eq!(server.used_bytes(ann.account).await, 0);
    assert!(ann.ask("/pinning/pinJobs").await.json()["Jobs"].as_array().unwrap().is_empty());
    assert!(browser.submit("/panel/pins/remove", &[]).await.contains("No pin was selected"));
}

/// A pin may have been asked for many times.
#[tokio::test]
async fn a_pin_goes_with_all_requests_for_it() {
    let server = TestServer::start().await;
    let (ann, mut browser) = ann(&server).await;
    let cid = ann.pin(&content(unique(), 100)).await;
    for _ in 0..3 {
        let body = json!({"hashToPin": cid, "secret": ann.sign(&cid)});
        let request = ann.client.post(server.url("/pinning/pinByHash")).json(&body);
        let request = request.header("UserAccessToken", &ann.token);
        crate::support::answer::Answer::of(request).await.expect(200);
    }
    let by_hash = server.pins(ann.account).await;
    let by_hash = by_hash.iter().find(|pin| pin.pin.source == PinSource::PinByHash).unwrap();
    let page = browser.submit(&format!("/panel/pins/{}/remove", by_hash.id.0), &[]).await;
    assert_eq!(titles(&page), ["file.bin"], "what was uploaded stays");
    server.get(&format!("/ipfs/{cid}")).await.expect(200);
    assert_eq!(ann.ask("/pinning/pinJobs").await.json()["Count"], 1);
}

#[tokio::test]
async fn links_to_the_gateway_lead_to_its_own_host() {
    let server = TestServer::with(|config| config.gateway.host = Some("ipfs.example.net".to_owned())).await;
    let (ann, mut browser) = ann(&server).await;
    let cid = ann.pin(&content(unique(), 100)).await;
    let id = newest(&server, ann.account).await;
    let expected = format!("href=\"http://ipfs.example.net:{}/ipfs/{cid}\"", server.address.port());
    for page in ["/panel/pins", &format!("/panel/pins/{id}")] {
        let page = browser.page(page).await;
        assert!(page.contains(&expected), "{page}");
    }
}

#[tokio::test]
async fn what_is_no_pin_is_a_page_that_says_so() {
    let server = TestServer::start().await;
    let (mut browser, _) = Browser::of(&server, "ann").await;
    for path in
        ["/panel/pins/1", "/panel/pins/x", "/panel/pins/99999999999999999999", "/panel/pins/1/content"]
    {
        let missing = browser.get(path).await.expect(404);
        assert!(missing.text().contains("There is no such page"), "{path}");
    }
}
