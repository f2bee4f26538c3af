//! Whose uploads are whose.

use reqwest::Method;

use crate::support::{
    answer::Answer,
    content::cid_v0,
    databases::TestDatabase,
    person::Person,
    server::TestServer,
    tus::{Tus, code},
};

#[tokio::test]
async fn an_upload_is_there_for_its_account_alone() {
    let server = TestServer::start().await;
    let (ann, eve) = (server.person("ann").await, server.person("eve").await);
    let (anns, eves) = (Tus::of(&server, &ann), Tus::of(&server, &eve));
    let path = anns.begin(5, &[]).await;
    eves.head(&path).await.expect(404);
    assert_eq!(code(eves.patch(&path, 0, "hello").await, 404), "not_found");
    assert_eq!(code(eves.delete(&path).await, 404), "not_found");
    let cid = cid_v0(&bytes::Bytes::from_static(b"hello"));
    let claim = serde_json::json!({"cid": cid, "secret": eve.sign(&cid)});
    assert_eq!(code(eves.pin(&path, &claim).await, 404), "not_found");
    Answer::of(eves.request(Method::GET, &path)).await.expect(404);
    assert_eq!(anns.offset(&path).await, 0);
}

#[tokio::test]
async fn a_token_or_an_api_key_is_needed() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let path = Tus::of(&server, &ann).begin(5, &[]).await;
    for token in ["", "nonsense"] {
        let nobody = Tus { token: token.to_owned(), ..Tus::of(&server, &ann) };
        assert_eq!(code(nobody.create(5, &[]).await, 401), "unauthorized");
        assert_eq!(code(nobody.patch(&path, 0, "hello").await, 401), "unauthorized");
    }
    let request = server.client.head(server.url(&path)).header("Tus-Resumable", "1.0.0");
    let answer = Answer::of(request.bearer_auth(&ann.api_key)).await.expect(200);
    assert_eq!(answer.header("upload-offset"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_belongs_to_the_server_that_has_its_bytes() {
    let first = TestServer::on(TestDatabase::postgres().await, |_| {}).await;
    let url = first.app.config.database.url.clone();
    let second = TestServer::with(|config| config.database.url = url).await;
    let ann = first.person("ann").await;
    let here = Tus::of(&first, &ann);
    let path = here.begin(5, &[]).await;
    let there = Tus { base: second.url(""), ..here.clone() };
    there.head(&path).await.expect(404);
    assert_eq!(code(there.patch(&path, 0, "hello").await, 404), "elsewhere");
    here.patch(&path, 0, "hello").await.expect(204);
    let _: Person = ann;
}
