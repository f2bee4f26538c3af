//! The documentation that the server serves, and whether its answers are as described.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    content::{content, unique},
    server::TestServer,
};

const PAGES: [&str; 6] =
    ["/docs", "/docs/http-api", "/docs/compatibility", "/docs/sdk", "/docs/operations", "/docs/reference"];

#[tokio::test]
async fn pages_need_nothing_from_elsewhere_and_all_links_lead_somewhere() {
    let server = TestServer::start().await;
    for page in PAGES {
        let answer = server.get(page).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        let html = answer.text();
        assert!(html.starts_with("<!doctype html><html lang=\"en\">") && html.contains("<h1"), "{page}");
        for never in ["<script", "src=", " style=", "<iframe"] {
            assert!(!html.contains(never), "{page}: {never}");
        }
        let ids = attributes(html, "id");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{page}: an anchor is there twice");
        for link in attributes(html, "href") {
            if link.starts_with("https://") {
                continue;
            }
            let (target, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let shown = server.get(if target.is_empty() { page } else { target }).await.expect(200);
            let leads = anchor.is_empty() || attributes(shown.text(), "id").contains(&anchor.to_owned());
            assert!(leads, "{page}: nothing is at {link}");
        }
    }
    let missing = server.get("/docs/nothing").await.expect(404);
    assert!(missing.text().contains("There is no such page"));
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again() {
    let server = TestServer::start().await;
    for path in PAGES.into_iter().chain(["/docs/style.css", "/openapi.json"]) {
        let first = server.get(path).await.expect(200);
        assert_eq!(first.header("cache-control"), "public, no-cache");
        let tag = first.header("etag");
        for known in [tag.to_owned(), format!("\"other\", W/{tag}")] {
            let again = server.get_with(path, &[("if-none-match", &known)]).await.expect(304);
            assert!(again.body.is_empty() && again.header("etag") == tag, "{path}");
        }
        let changed = server.get_with(path, &[("if-none-match", "\"other\"")]).await.expect(200);
        assert_eq!(changed.body, first.body);
    }
    assert_eq!(server.get("/docs/style.css").await.header("content-type"), "text/css; charset=utf-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_described() {
    let server = TestServer::start().await;
    let contract = Contract::of(&server).await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 100)).await;
    for (template, path) in [
        ("/ping", "/ping"),
        ("/endpoint/list", "/endpoint/list"),
        ("/oauth/accessToken", "/oauth/accessToken"),
        ("/pinning/pinJobs", "/pinning/pinJobs"),
        ("/pinning/pinList", "/pinning/pinList?limit=1000"),
        ("/pinning/pinList", "/pinning/pinList?limit=0"),
        ("/psa/pins", "/psa/pins"),
        ("/psa/pins", "/psa/pins?limit=none"),
        ("/psa/pins/{requestid}", "/psa/pins/none"),
        ("/data/pinList", "/data/pinList"),
        ("/pinata/data/pinList", "/pinata/data/pinList"),
        ("/pinata/pinning/pinJobs", "/pinata/pinning/pinJobs"),
        ("/data/testAuthentication", "/data/testAuthentication"),
        ("/api/v1/account", "/api/v1/account"),
        ("/api/v1/webhooks", "/api/v1/webhooks"),
        ("/api/v1/webhooks/{id}", "/api/v1/webhooks/none"),
        ("/api/v1/webhooks/{id}/secret", "/api/v1/webhooks/callbacks/secret"),
        ("/api/v1/webhooks/{id}/deliveries", "/api/v1/webhooks/callbacks/deliveries"),
        ("/livez", "/livez"),
        ("/readyz", "/readyz"),
        ("/metrics", "/metrics"),
        ("/openapi.json", "/openapi.json"),
        ("/docs", "/docs"),
        ("/", "/"),
        ("/api/services/nonce", "/api/services/nonce?userAddress=0x9fD6d4e9cd2F8F668d18E37B18B39FFe63Dac3bf"),
        ("/api/services/nonce", "/api/services/nonce"),
        ("/api/services/initialize", "/api/services/initialize"),
        ("/api/services/compute", "/api/services/compute"),
        ("/ipfs/{path}", "/ipfs/hello"),
    ] {
        contract.check("get", template, &ann.ask(path).await);
    }
    for template in ["/ping", "/psa/pins", "/data/pinList", "/api/v1/webhooks"] {
        contract.check("get", template, &server.get(template).await.expect(401));
    }
    for (template, body) in [
        ("/psa/pins", json!({"cid": cid, "name": "again"})),
        ("/psa/pins", json!({})),
        ("/pinning/pinByHash", json!({"hashToPin": cid})),
        ("/pinata/pinning/pinByHash", json!({"hashToPin": cid, "pinataMetadata": {"name": "x"}})),
        ("/pinning/pinJSONToIPFS", json!({"tide": "high"})),
        ("/pinning/pinFromS3", json!({"presignedURLRequestEndpoint": "https://a.example/"})),
        ("/pinning/pinFromS3", json!({})),
        ("/api/v1/webhooks", json!({"url": "https://a.example/", "events": ["pin.failed"]})),
        ("/api/v1/webhooks", json!({})),
    ] {
        contract.check("post", template, &ann.send(Method::POST, template, Some(body)).await);
    }
    let id = ann.ask("/api/v1/webhooks").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let ping = ann.send(Method::POST, &format!("/api/v1/webhooks/{id}/ping"), None).await;
    contract.check("post", "/api/v1/webhooks/{id}/ping", &ping.expect(202));
    let log = ann.ask(&format!("/api/v1/webhooks/{id}/deliveries")).await.expect(200);
    contract.check("get", "/api/v1/webhooks/{id}/deliveries", &log);
    contract.check("delete", "/pinning/unpin/{cid}", &ann.unpin(&cid).await.expect(200));
    contract.check("delete", "/pinning/unpin/{cid}", &ann.unpin(&cid).await.expect(404));
}

/// The server's description of itself.
struct Contract(Value);

impl Contract {
    async fn of(server: &TestServer) -> Self {
        Self(server.get("/openapi.json").await.expect(200).json())
    }

    /// The answer has a status, a type and a body that are described.
    #[track_caller]
    fn check(&self, method: &str, template: &str, answer: &Answer) {
        let operation = &self.0["paths"][template][method];
        assert!(operation.is_object(), "{method} {template} is not described");
        let responses = &operation["responses"];
        let status = answer.status.to_string();
        let response = responses.get(&status).or_else(|| responses.get("default"));
        let response = self.resolved(response.unwrap_or_else(|| panic!("{template}: no {status}")));
        let media = answer.header("content-type").split(';').next().unwrap_or_default();
        let content = &response["content"];
        let described = content.get(media).or_else(|| content.get("*/*"));
        let Some(described) = described else {
            let is_bare = content.is_null() && answer.body.is_empty();
            assert!(is_bare, "{template}: {status} has no {media:?}");
            return;
        };
        let value = if media == "application/json" { answer.json() } else { answer.text().into() };
        let mut schema = self.0.clone();
        schema["x-schema"] = described["schema"].clone();
        schema["$ref"] = "#/x-schema".into();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{method} {template}, {status}: {value}: {errors:?}");
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        target.map_or(value, |target| self.0.pointer(target).unwrap())
    }
}

/// The values of an attribute.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).map(|rest| rest.split_once('"').unwrap().0.replace("&amp;", "&")).collect()
}
