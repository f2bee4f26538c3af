//! What pages of other origins may do (reference A13).

use reqwest::Method;

use crate::support::{content::content, server::TestServer};

#[tokio::test]
async fn a_preflight_allows_the_headers_the_sdk_sends() {
    let server = TestServer::start().await;
    for path in ["/ping", "/endpoint/list", "/oauth/accessToken", "/pinning/pinFile"] {
        let answer = server
            .ask(
                Method::OPTIONS,
                path,
                &[
                    ("origin", "https://app.example.org"),
                    ("access-control-request-method", "POST"),
                    ("access-control-request-headers", "authorization,content-type,useraccesstoken"),
                ],
            )
            .await
            .expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let headers = list(answer.header("access-control-allow-headers"));
        for header in ["authorization", "useraccesstoken", "content-type"] {
            assert!(headers.contains(&header.to_owned()), "{path}: {headers:?}");
        }
        let methods = list(answer.header("access-control-allow-methods"));
        assert!(methods.contains(&"get".to_owned()) && methods.contains(&"post".to_owned()));
        // Browsers refuse credentials beside `*`.
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn answers_and_refusals_can_be_read_by_any_page() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    ann.pin(&content(1, 10)).await;
    for answer in [
        ann.ask("/ping").await.expect(200),
        server.get("/ping").await.expect(401),
        server.ask(Method::POST, "/pinning/pinFile", &[]).await.expect(401),
        server.ask(Method::PUT, "/pinning/pinFile", &[]).await.expect(405),
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer:?}");
        let exposed = list(answer.header("access-control-expose-headers"));
        assert!(exposed.contains(&"x-request-id".to_owned()), "{exposed:?}");
        assert!(exposed.contains(&"retry-after".to_owned()), "{exposed:?}");
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(|item| item.trim().to_ascii_lowercase()).collect()
}
