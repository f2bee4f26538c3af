//! What an account is told about itself.

use bytes::Bytes;
use serde_json::json;

use crate::support::server::TestServer;

#[tokio::test]
async fn an_account_sees_what_it_uses_and_which_key_it_showed() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    ann.pin(&Bytes::from_static(b"twelve bytes")).await;

    let shown = ann.ask("/api/v1/account").await.expect(200).json();
    assert_eq!(shown["email"], "ann@example.org");
    assert_eq!(shown["usedBytes"], 12);
    assert_eq!(shown["quotaBytes"], 1u64 << 40);
    assert_eq!(shown["key"]["name"], "default");
    assert!(shown["key"]["createdAt"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn errors_have_a_code_for_programs_and_words_for_people() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;

    let stranger = server.get("/api/v1/account").await.expect(401).json();
    let unauthorized =
        json!({"error": {"code": "unauthorized", "message": "The API key is missing or not good"}});
    assert_eq!(stranger, unauthorized);
    let nothing = ann.ask("/api/v1/nothing").await.expect(404).json();
    assert_eq!(nothing["error"]["code"], "not_found");
    let method = server.client.delete(server.url("/api/v1/account")).send().await.unwrap();
    assert_eq!(method.status(), 405);
}
