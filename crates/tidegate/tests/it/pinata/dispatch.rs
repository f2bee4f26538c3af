//! Who answers: paths that Decoo and Pinata share, both ways to give a key, and the base of its own.

use reqwest::Method;
use serde_json::json;

use super::{get, post_json, refusal, request};
use crate::support::{
    answer::Answer,
    content::{content, unique},
    server::TestServer,
};

#[tokio::test]
async fn a_key_is_good_in_both_ways_and_on_both_bases() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let greeting = json!({"message": "Congratulations! You are communicating with the Pinata API!"});
    for path in ["/data/testAuthentication", "/pinata/data/testAuthentication"] {
        assert_eq!(get(&server, &ann, path).await.expect(200).json(), greeting);
        assert_eq!(ann.ask(path).await.expect(200).json(), greeting);
        for (name, value) in
            [("pinata_secret_api_key", "wrong"), ("Authorization", "Bearer wrong"), ("x", "y")]
        {
            let answer = server.get_with(path, &[(name, value)]).await;
            assert_eq!(refusal(&answer, 401).0, "INVALID_CREDENTIALS");
        }
        // An upload's token is no key.
        let answer = server.get_with(path, &[("pinata_secret_api_key", &ann.token)]).await;
        refusal(&answer, 401);
    }
}

#[tokio::test]
async fn headers_decide_on_shared_paths() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 10)).await;
    let body = json!({"hashToPin": cid, "secret": ann.sign(&cid)});
    let path = "/pinning/pinByHash";
    let decoo = server.client.post(server.url(path)).header("UserAccessToken", &ann.token).json(&body);
    assert_eq!(Answer::of(decoo).await.expect(200).json()["JobStatus"], "queued");
    let answer = post_json(&server, &ann, path, &body).await.expect(200).json();
    assert_eq!((&answer["ipfsHash"], &answer["status"]), (&json!(cid), &json!("prechecking")));
    let bearer = server.client.post(server.url(path)).bearer_auth(&ann.api_key).json(&body);
    assert_eq!(Answer::of(bearer).await.expect(200).json()["status"], "prechecking");
    let nobody = server.client.post(server.url(path)).json(&body);
    assert_eq!(Answer::of(nobody).await.refusal(401), "Invalid token");

    let path = "/pinning/pinJobs";
    assert!(ann.ask(path).await.expect(200).json()["Jobs"].is_array());
    assert!(get(&server, &ann, path).await.expect(200).json()["rows"].is_array());
    assert!(ann.ask("/pinata/pinning/pinJobs").await.expect(200).json()["rows"].is_array());
}

#[tokio::test]
async fn what_is_pinned_here_is_unpinned_here() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 10)).await;
    let path = format!("/pinning/unpin/{cid}");
    let unpin = || Answer::of(request(&server, &ann, Method::DELETE, &path));
    let answer = unpin().await.expect(200);
    assert_eq!(answer.text(), "OK");
    assert_eq!(refusal(&unpin().await, 404).0, "CURRENT_USER_HAS_NOT_PINNED_CID");
    assert!(server.pins(ann.account).await.is_empty());
    let bad = Answer::of(request(&server, &ann, Method::DELETE, "/pinata/pinning/unpin/nonsense")).await;
    refusal(&bad, 400);
}

#[tokio::test]
async fn what_is_not_there_is_told_in_its_own_shape() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    assert_eq!(refusal(&get(&server, &ann, "/pinata/nothing").await, 404).0, "NOT_FOUND");
    assert_eq!(refusal(&get(&server, &ann, "/pinning/pinFileToIPFS").await, 405).0, "METHOD_NOT_ALLOWED");
    let preflight = server.ask(Method::OPTIONS, "/pinning/pinJSONToIPFS", &[]).await.expect(204);
    assert!(preflight.header("access-control-allow-headers").contains("pinata_secret_api_key"));
}
