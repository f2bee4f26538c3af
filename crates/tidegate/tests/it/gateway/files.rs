//! Files as browsers get them: types, tags, caching, names to save under.

use http::Method;
use tidegate_content::Profile;

use crate::support::{
    content::{cid_v0, content, file, folder_cid, unique},
    server::TestServer,
};

#[tokio::test]
async fn a_file_comes_with_everything_a_browser_and_a_cache_need() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 300_000);
    let cid = ann.pin(&bytes).await;
    let path = format!("/ipfs/{cid}");
    let answer = server.get(&path).await.expect(200);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-length", "300000"),
        ("etag", &*format!("\"{cid}\"")),
        ("cache-control", "public, max-age=29030400, immutable"),
        ("accept-ranges", "bytes"),
        ("x-ipfs-path", &path),
        ("x-ipfs-roots", &cid),
        ("access-control-allow-origin", "*"),
        ("content-disposition", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    for method in [Method::GET, Method::HEAD] {
        let exposed = server.ask(method, &path, &[]).await;
        let exposed = exposed.header("access-control-expose-headers").to_ascii_lowercase();
        for name in ["content-range", "content-length", "x-ipfs-path", "x-ipfs-roots"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
}

#[tokio::test]
async fn head_says_what_get_would_without_the_bytes() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items = [file("index.html", "<p>"), file("big.bin", content(1, 300_000))];
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &items).to_string();
    ann.pin_folder(&cid, &items).await.expect(200);
    for path in
        ["", "/", "/index.html", "/big.bin", "/missing", "?format=raw", "?format=car", "/big.bin?format=car"]
    {
        let path = format!("/ipfs/{cid}{path}");
        let get = server.get(&path).await;
        let head = server.ask(Method::HEAD, &path, &[]).await;
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty());
        for (name, value) in &get.headers {
            if !["date", "x-request-id", "transfer-encoding"].contains(&name.as_str()) {
                assert_eq!(head.headers.get(name), Some(value), "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn the_type_is_known_by_the_name_and_else_by_the_bytes() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let png = b"\x89PNG\r\n\x1a\n and more".as_slice();
    let items = [
        file("page.html", "<p>"),
        file("style.css", "a{}"),
        file("code.js", "1"),
        file("data.json", "{}"),
        file("note.txt", "hi"),
        file("picture.png", "not really"),
        file("picture", png),
        file("note", "plain words"),
        file("data", "{\"a\": 1}"),
        file("bytes", content(1, 100)),
        file("image.svg", "<svg/>"),
        file("module.wasm", "x"),
    ];
    let cid = folder_cid(Profile::UNIXFS_V1_2025, &items).to_string();
    ann.pin_folder(&cid, &items).await.expect(200);
    for (name, expected) in [
        ("page.html", "text/html; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("code.js", "text/javascript; charset=utf-8"),
        ("data.json", "application/json"),
        ("note.txt", "text/plain; charset=utf-8"),
        ("picture.png", "image/png"),
        ("picture", "image/png"),
        ("note", "text/plain; charset=utf-8"),
        ("data", "application/json"),
        ("bytes", "application/octet-stream"),
        ("image.svg", "image/svg+xml"),
        ("module.wasm", "application/wasm"),
        ("bytes?filename=a.pdf", "application/pdf"),
    ] {
        let answer = server.get(&format!("/ipfs/{cid}/{name}")).await.expect(200);
        assert_eq!(answer.header("content-type"), expected, "{name}");
    }
}

#[tokio::test]
async fn whoever_has_it_already_is_told_so() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    // One that is kept in memory, and one that is not.
    for size in [100, 300_000] {
        let cid = ann.pin(&content(unique(), size)).await;
        for (format, tag) in [("", format!("\"{cid}\"")), ("?format=raw", format!("\"{cid}.raw\""))] {
            let path = format!("/ipfs/{cid}{format}");
            for value in [
                tag.clone(),
                format!("W/{tag}"),
                format!("\"other\", {tag}"),
                format!("W/\"a\",W/{tag} , \"b\""),
                "*".to_owned(),
            ] {
                let answer = server.get_with(&path, &[("if-none-match", &value)]).await.expect(304);
                assert!(answer.body.is_empty());
                assert_eq!(answer.header("etag"), tag);
                assert_eq!(answer.header("cache-control"), "public, max-age=29030400, immutable");
                assert_eq!(answer.header("x-ipfs-path"), format!("/ipfs/{cid}"));
                assert_eq!(answer.header("access-control-allow-origin"), "*");
            }
            for value in ["\"other\"", "W/\"x\"", "", &cid] {
                server.get_with(&path, &[("if-none-match", value)]).await.expect(200);
            }
        }
    }
    // `*` is for what is here.
    let absent = cid_v0(&content(unique(), 10));
    let path = format!("/ipfs/{absent}");
    server.get_with(&path, &[("if-none-match", "*")]).await.expect(404);
}

#[tokio::test]
async fn a_name_to_save_under_is_given_back_safely() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 10)).await;
    for (query, expected) in [
        ("?filename=a%20b.txt", "inline; filename=\"a b.txt\"".to_owned()),
        ("?filename=a.txt&download=true", "attachment; filename=\"a.txt\"".to_owned()),
        ("?download=true", format!("attachment; filename=\"{cid}\"")),
        ("?download=false", String::new()),
        ("?filename=%E6%B5%B7.txt", "inline; filename=\"_.txt\"; filename*=UTF-8''%E6%B5%B7.txt".to_owned()),
        (
            "?filename=a%22%0D%0AX-Evil:%201",
            "inline; filename=\"a___X-Evil: 1\"; filename*=UTF-8''a%22%0D%0AX-Evil%3A%201".to_owned(),
        ),
    ] {
        let answer = server.get(&format!("/ipfs/{cid}{query}")).await.expect(200);
        assert_eq!(answer.header("content-disposition"), expected, "{query}");
        assert!(answer.headers.get("x-evil").is_none());
    }
}

#[tokio::test]
async fn preflights_and_other_methods() {
    let server = TestServer::start().await;
    let preflight = server
        .ask(
            Method::OPTIONS,
            "/ipfs/bafkqaaa",
            &[
                ("origin", "https://app.example.org"),
                ("access-control-request-method", "GET"),
                ("access-control-request-headers", "range"),
            ],
        )
        .await
        .expect(204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert!(preflight.header("access-control-allow-headers").contains("Range"));
    assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let refused = server.ask(method, "/ipfs/bafkqaaa", &[]).await.expect(405);
        assert_eq!(refused.header("allow"), "GET,HEAD");
        assert_eq!(refused.header("access-control-allow-origin"), "*");
    }
}
