//! Each request wants certain scopes of the key, and says which one is missing before it reads a body.

use reqwest::Method;
use serde_json::{Value, json};
use tidegate::db::{
    keys::KeyTerms,
    scopes::{Scope, Scopes},
};

use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::{TestServer, without_workers},
};

const CID: &str = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";

/// How a request says who calls, and in which shape it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Cloud,
    Endpoint,
    Pinata,
    PinningService,
    Own,
}
use Dialect::{Cloud, Endpoint, Own, Pinata, PinningService};

const REQUESTS: &[(Dialect, Method, &str, &[Scope])] = &[
    (Cloud, Method::GET, "/ping", &[]),
    (Cloud, Method::GET, "/endpoint/list", &[Scope::Read]),
    (Cloud, Method::GET, "/oauth/accessToken", &[Scope::Pin]),
    (Cloud, Method::GET, "/pinning/pinJobs", &[Scope::Read]),
    (Cloud, Method::GET, "/pinning/pinList", &[Scope::Read]),
    (Cloud, Method::DELETE, "/pinning/unpin/CID", &[Scope::Unpin]),
    (Endpoint, Method::POST, "/pinning/pinFile", &[Scope::Pin]),
    (Endpoint, Method::POST, "/pinning/pinByHash", &[Scope::Pin]),
    (Pinata, Method::GET, "/data/testAuthentication", &[]),
    (Pinata, Method::GET, "/data/pinList", &[Scope::Read]),
    (Pinata, Method::GET, "/pinning/pinJobs", &[Scope::Read]),
    (Pinata, Method::POST, "/pinning/pinFileToIPFS", &[Scope::Pin]),
    (Pinata, Method::POST, "/pinning/pinJSONToIPFS", &[Scope::Pin]),
    (Pinata, Method::POST, "/pinning/pinByHash", &[Scope::Pin]),
    (Pinata, Method::DELETE, "/pinning/unpin/CID", &[Scope::Unpin]),
    (PinningService, Method::GET, "/psa/pins", &[Scope::Read]),
    (PinningService, Method::POST, "/psa/pins", &[Scope::Pin]),
    (PinningService, Method::GET, "/psa/pins/x", &[Scope::Read]),
    (PinningService, Method::POST, "/psa/pins/x", &[Scope::Pin, Scope::Unpin]),
    (PinningService, Method::DELETE, "/psa/pins/x", &[Scope::Unpin]),
    (Own, Method::GET, "/api/v1/account", &[]),
];

#[tokio::test]
async fn every_request_names_the_scope_that_its_key_lacks() {
    let server = TestServer::with(without_workers).await;
    let ann = server.person("ann").await;
    for scope in Scope::ALL {
        let without =
            with_scopes(&server, &ann, Scope::ALL.into_iter().filter(|other| *other != scope)).await;
        let only = with_scopes(&server, &ann, [scope]).await;
        for (dialect, method, path, needed) in REQUESTS {
            let answer = send(&server, &without, *dialect, method, path).await;
            if needed.contains(&scope) {
                let words = refusal(&answer, *dialect);
                assert!(words.contains(&format!("\"{scope}\"")), "{method} {path}: {words}");
            } else {
                assert!(![401, 403].contains(&answer.status), "{method} {path} without {scope}: {answer:?}");
            }
            let answer = send(&server, &only, *dialect, method, path).await;
            let enough = needed.iter().all(|needed| *needed == scope);
            assert_eq!(answer.status != 403, enough, "{method} {path} with {scope} alone: {answer:?}");
        }
    }
}

on_both_engines![a_key_does_what_it_is_for];

async fn a_key_does_what_it_is_for(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let pinner = with_scopes(&server, &ann, [Scope::Pin]).await;
    let remover = with_scopes(&server, &ann, [Scope::Unpin]).await;
    let reader = with_scopes(&server, &ann, [Scope::Read]).await;

    let bytes = content(unique(), 10);
    let cid = pinner.pin(&bytes).await;
    pinner.unpin(&cid).await.refusal(403);
    assert_eq!(reader.ask("/pinning/pinList").await.json()["Count"], 1);
    remover.upload(remover.form(&cid_v0(&bytes)).file("a", &bytes)).await.refusal(403);
    remover.unpin(&cid).await.expect(200);
    assert_eq!(reader.ask("/pinning/pinList").await.json()["Count"], 0);
}

#[tokio::test]
async fn the_refusal_comes_before_the_body() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let reader = with_scopes(&server, &ann, [Scope::Read]).await;
    let mut wire = server.connect().await;
    wire.begin_upload(&reader.token, "Expect: 100-continue\r\nContent-Length: 1000000\r\n").await;
    wire.answer().await.refusal(403);
}

async fn with_scopes(
    server: &TestServer,
    person: &Person,
    scopes: impl IntoIterator<Item = Scope>,
) -> Person {
    let scopes: Scopes = scopes.into_iter().collect();
    person.with_key(server, KeyTerms { scopes, ..KeyTerms::default() }).await
}

async fn send(server: &TestServer, person: &Person, dialect: Dialect, method: &Method, path: &str) -> Answer {
    let request = server.client.request(method.clone(), server.url(&path.replace("CID", CID)));
    let request = match dialect {
        Endpoint => request.header("UserAccessToken", &person.token),
        Pinata => request.header("pinata_secret_api_key", &person.api_key),
        Cloud | PinningService | Own => request.bearer_auth(&person.api_key),
    };
    Answer::of(if *method == Method::POST { request.json(&json!({})) } else { request }).await
}

/// The words of a 403 in the dialect's shape.
#[track_caller]
fn refusal(answer: &Answer, dialect: Dialect) -> String {
    assert_eq!(answer.status, 403, "{answer:?}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let body = answer.json();
    let words = match dialect {
        Cloud | Endpoint => text(&body["Message"]),
        Pinata | PinningService => text(&body["error"]["details"]),
        Own => text(&body["error"]["message"]),
    };
    let expected = match dialect {
        Cloud | Endpoint => json!({"Code": 403, "Message": words}),
        Pinata | PinningService => json!({"error": {"reason": "FORBIDDEN", "details": words}}),
        Own => json!({"error": {"code": "forbidden", "message": words}}),
    };
    assert_eq!(body, expected);
    words
}
