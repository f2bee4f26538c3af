//! Pinned pages cannot act in the server's name: they run in a sandbox, or under a host name that has nothing but content.

use http::Method;
use tidegate_content::Profile;

use crate::support::{
    answer::Answer,
    content::{Item, content, file, folder_cid, unique},
    server::TestServer,
};

const SANDBOX: &str = "sandbox allow-scripts allow-forms allow-popups allow-downloads allow-modals";
const OWN_HOST: (&str, &str) = ("host", "ipfs.example.org");

/// What a browser may run, in a folder.
fn pages() -> Vec<Item> {
    vec![
        file("index.html", format!("<p>{}<script src=site.js></script>", unique())),
        file("page.xhtml", "<html xmlns='http://www.w3.org/1999/xhtml'/>"),
        file("picture.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        file("feed.rss", "<rss/>"),
        file("style.xsl", "<x/>"),
        file("nameless", "<!DOCTYPE html><script>alert(1)</script>"),
        file("large.html", format!("<p>{}", "x".repeat(100_000))),
    ]
}

/// What is shown, played or saved.
fn still() -> Vec<Item> {
    vec![
        file("site.js", "1"),
        file("site.css", "a{}"),
        file("data.json", "{}"),
        file("note.txt", "<script>alert(1)</script>"),
        file("words", "only words <script>"),
        file("picture.png", "not really"),
        file("sound.mp3", "x"),
        file("paper.pdf", "%PDF-1.7"),
        file("bytes", content(1, 100_000)),
    ]
}

fn names(items: &[Item]) -> impl Iterator<Item = &str> {
    items.iter().filter_map(|item| match item {
        Item::File(name, _) => Some(name.as_str()),
        _ => None,
    })
}

/// A server and the folder of all of them.
async fn site(server: &TestServer) -> String {
    let ann = server.person("ann").await;
    let items = [pages(), still()].concat();
    let cid = folder_cid(Profile::UNIXFS_V1_2025, &items).to_string();
    ann.pin_folder(&cid, &items).await.expect(200);
    cid
}

#[track_caller]
fn is_sandboxed(answer: &Answer, what: &str) {
    assert_eq!(answer.header("content-security-policy"), SANDBOX, "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    // Nothing keeps the panel's preview from showing it in a frame: it cannot do anything there.
    assert!(answer.headers.get("x-frame-options").is_none(), "{what}");
}

#[tokio::test]
async fn what_a_browser_may_run_is_in_a_sandbox() {
    let server = TestServer::start().await;
    let cid = site(&server).await;
    for path in names(&pages()).chain(["", "nameless?filename=a.html"]) {
        let path = format!("/ipfs/{cid}/{path}");
        // From the disk, and from memory.
        let first = server.get(&path).await.expect(200);
        is_sandboxed(&first, &path);
        is_sandboxed(&server.get(&path).await.expect(200), &path);
        is_sandboxed(&server.ask(Method::HEAD, &path, &[]).await.expect(200), &path);
        is_sandboxed(&server.get_with(&path, &[("range", "bytes=0-1")]).await.expect(206), &path);
        let known = [("if-none-match", first.header("etag"))];
        is_sandboxed(&server.get_with(&path, &known).await.expect(304), &path);
    }
}

#[tokio::test]
async fn what_cannot_run_has_none_and_its_type_is_never_guessed() {
    let server = TestServer::start().await;
    let cid = site(&server).await;
    for path in names(&still()) {
        let answer = server.get(&format!("/ipfs/{cid}/{path}")).await.expect(200);
        assert!(answer.headers.get("content-security-policy").is_none(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    for (path, status) in [
        (format!("/ipfs/{cid}/<script>alert(1)<"), 404),
        (format!("/ipfs/{cid}?format=<script>"), 406),
        ("/ipfs/<script>".to_owned(), 400),
    ] {
        let answer = server.get(&path).await.expect(status);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    let outside = [("range", "bytes=99999999-")];
    let outside = server.get_with(&format!("/ipfs/{cid}/index.html"), &outside).await.expect(416);
    assert_eq!(outside.header("x-content-type-options"), "nosniff");
}

/// A page in a sandbox has no origin, so what lies beside it comes from another one.
#[tokio::test]
async fn a_page_in_a_sandbox_may_load_what_lies_beside_it() {
    let server = TestServer::start().await;
    let cid = site(&server).await;
    for path in names(&still()).chain(names(&pages())) {
        let path = format!("/ipfs/{cid}/{path}");
        let answer = server.get_with(&path, &[("origin", "null")]).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(answer.headers.get("cross-origin-resource-policy").is_none(), "{path}");
    }
}

#[tokio::test]
async fn no_service_worker_is_given_under_any_name() {
    let server = TestServer::with(|config| config.gateway.host = Some("ipfs.example.org".to_owned())).await;
    let cid = site(&server).await;
    for path in [format!("/ipfs/{cid}"), format!("/ipfs/{cid}/site.js")] {
        let worker = ("service-worker", "script");
        let refused = server.get_with(&path, &[worker]).await.expect(400);
        assert_eq!(refused.text(), "service workers are not offered here\n");
        server.get_with(&path, &[worker, OWN_HOST]).await.expect(400);
    }
    let script = server.get(&format!("/ipfs/{cid}/site.js")).await.expect(200);
    assert!(script.headers.get("service-worker-allowed").is_none());
}

#[tokio::test]
async fn under_its_own_host_there_is_content_alone_and_pages_are_what_they_are() {
    let server = TestServer::with(|config| config.gateway.host = Some("ipfs.example.org".to_owned())).await;
    let cid = site(&server).await;
    let page = format!("/ipfs/{cid}/");
    for host in ["ipfs.example.org", "IPFS.example.org:8030", "ipfs.example.org."] {
        let answer = server.get_with(&page, &[("host", host)]).await.expect(200);
        assert!(answer.headers.get("content-security-policy").is_none(), "{host}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    server.get_with("/livez", &[OWN_HOST]).await.expect(200);
    for path in
        ["/", "/panel", "/panel/login", "/api/v1/account", "/ping", "/readyz", "/metrics", "/docs", "/ipfs"]
    {
        for method in [Method::GET, Method::POST] {
            let answer = server.ask(method, path, &[OWN_HOST, ("accept", "text/html")]).await.expect(404);
            assert_eq!(answer.text(), format!("there is nothing at {path}; content is under /ipfs/\n"));
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
    }

    // Under any other name everything is as it was.
    for host in ["example.org", "other.ipfs.example.org", "ipfs.example.org.evil.example", "127.0.0.1"] {
        is_sandboxed(&server.get_with(&page, &[("host", host)]).await.expect(200), host);
        server.get_with("/ping", &[("host", host)]).await.expect(401);
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_which_host_was_meant() {
    let server = TestServer::with(|config| {
        config.gateway.host = Some("ipfs.example.org".to_owned());
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let asked = ("x-forwarded-host", "ipfs.example.org");
    server.get_with("/ping", &[("host", "inside"), asked]).await.expect(404);
    let strangers = TestServer::with(|config| {
        config.gateway.host = Some("ipfs.example.org".to_owned());
    })
    .await;
    strangers.get_with("/ping", &[("host", "inside"), asked]).await.expect(401);
}

#[tokio::test]
async fn the_servers_own_pages_run_nothing_that_is_pinned() {
    let server = TestServer::with(|config| config.gateway.host = Some("ipfs.example.org".to_owned())).await;
    let cid = site(&server).await;
    let path = format!("/ipfs/{cid}/site.js");
    let asked = async |dest: &str, site: &str| {
        server.get_with(&path, &[("sec-fetch-dest", dest), ("sec-fetch-site", site)]).await.status
    };
    for dest in ["script", "style", "worker", "sharedworker"] {
        assert_eq!(asked(dest, "same-origin").await, 400, "{dest}");
        assert_eq!(
            asked(dest, "cross-site").await,
            200,
            "a pinned page's own {dest}: its origin is nobody's"
        );
    }
    for dest in ["document", "iframe", "image", "empty"] {
        assert_eq!(asked(dest, "same-origin").await, 200, "{dest}");
    }
    let own_host = [OWN_HOST, ("sec-fetch-dest", "script"), ("sec-fetch-site", "same-origin")];
    server.get_with(&path, &own_host).await.expect(200);
}
