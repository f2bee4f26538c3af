//! How an Endpoint joins a Cloud, and how each says what it does not do.

use std::time::Duration;

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tidegate::{app::App, clock::Clock, config::Role, db::EndpointId};

use super::{PUBLIC, cloud, endpoint};
use crate::support::{
    answer::Answer,
    binary::{RunningServer, Tidegate},
    databases::{TestDatabase, on_both_engines},
    server::{TestServer, settings},
};

on_both_engines![
    a_token_lets_one_endpoint_join_within_a_day,
    an_endpoint_that_was_removed_is_refused_at_once,
    endpoints_that_are_there_are_listed_under_lasting_ids,
];

const SECRET: &str = "0123456789abcdef0123456789abcdef";

async fn join(cloud: &TestServer, token: &str, secret: &str) -> Answer {
    let portrait = json!({"url": PUBLIC, "version": "1", "freeBytes": 5});
    post(cloud, "", None, json!({"token": token, "secret": secret, "endpoint": portrait})).await
}

async fn post(cloud: &TestServer, path: &str, secret: Option<&str>, body: Value) -> Answer {
    let mut request = cloud.client.post(cloud.url(&format!("/api/v1/endpoints{path}"))).json(&body);
    if let Some(secret) = secret {
        request = request.bearer_auth(secret);
    }
    Answer::of(request).await
}

fn words(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

async fn a_token_lets_one_endpoint_join_within_a_day(database: TestDatabase) {
    let cloud = cloud(database).await;
    let (token, _) = cloud.app.endpoints.invite("Hong Kong").await.unwrap();
    let token = token.expose_secret();
    let joined = join(&cloud, token, SECRET).await.expect(200).json();
    assert_eq!(joined["name"], "Hong Kong");
    // The answer was lost, and the Endpoint asks again.
    assert_eq!(join(&cloud, token, SECRET).await.expect(200).json(), joined);

    let other = join(&cloud, token, &SECRET.to_uppercase()).await.expect(403);
    assert!(words(&other).contains("was used by another Endpoint"), "{other:?}");
    let unknown = join(&cloud, "hello", SECRET).await.expect(403);
    assert!(words(&unknown).contains("no such registration token"), "{unknown:?}");
    let guessable = join(&cloud, token, "short").await;
    assert_eq!(guessable.status, 403);

    let (late, until) = cloud.app.endpoints.invite("Late").await.unwrap();
    cloud.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(cloud.clock.now(), until);
    let late = join(&cloud, late.expose_secret(), &SECRET.to_uppercase()).await.expect(403);
    assert!(words(&late).contains("has expired"), "{late:?}");
    assert_eq!(cloud.app.endpoints.list().await.unwrap().len(), 1);
}

async fn an_endpoint_that_was_removed_is_refused_at_once(database: TestDatabase) {
    let cloud = cloud(database).await;
    let (token, _) = cloud.app.endpoints.invite("Hong Kong").await.unwrap();
    let id = join(&cloud, token.expose_secret(), SECRET).await.expect(200).json()["id"].as_i64().unwrap();
    let question = json!({"token": "hello"});
    let report = |batch: u64| json!({"batch": batch, "news": [], "endpoint": {"url": PUBLIC, "version": "1", "freeBytes": 5}});
    assert_eq!(
        post(&cloud, "/verify", Some(SECRET), question.clone()).await.expect(200).json(),
        json!("bad")
    );
    let answer = post(&cloud, "/report", Some(SECRET), report(1)).await.expect(200).json();
    assert_eq!(answer, json!({"taken": true, "batch": 1, "errands": []}));

    for (secret, status) in [(None, 401), (Some("a stranger's"), 403)] {
        post(&cloud, "/verify", secret, question.clone()).await.expect(status);
        post(&cloud, "/report", secret, report(2)).await.expect(status);
    }
    assert!(cloud.app.endpoints.remove(EndpointId(id)).await.unwrap());
    assert!(!cloud.app.endpoints.remove(EndpointId(id)).await.unwrap());
    let refused = post(&cloud, "/report", Some(SECRET), report(2)).await.expect(403);
    assert!(words(&refused).contains("has removed it"), "{refused:?}");
    post(&cloud, "/verify", Some(SECRET), question).await.expect(403);
    let again = join(&cloud, token.expose_secret(), SECRET).await.expect(403);
    assert!(words(&again).contains("removed since"), "{again:?}");
}

async fn endpoints_that_are_there_are_listed_under_lasting_ids(database: TestDatabase) {
    let cloud = cloud(database).await;
    let ann = cloud.person("ann").await;
    assert_eq!(ann.ask("/endpoint/list").await.expect(200).json(), json!([]));
    let mut ids = Vec::new();
    for secret in ["a", "b", "c"] {
        let (token, _) = cloud.app.endpoints.invite(secret).await.unwrap();
        let joined = join(&cloud, token.expose_secret(), &secret.repeat(32)).await.expect(200).json();
        ids.push(joined["id"].as_i64().unwrap());
    }
    cloud.app.endpoints.remove(EndpointId(ids[0])).await.unwrap();
    cloud.clock.advance(Duration::from_secs(31));
    let report = json!({"batch": 1, "news": [], "endpoint": {"url": "http://c.example", "version": "1", "freeBytes": 5}});
    post(&cloud, "/report", Some(&"c".repeat(32)), report).await.expect(200);

    let listed = ann.ask("/endpoint/list").await.expect(200).json();
    assert_eq!(listed, json!([{"id": ids[2], "name": "c", "apiHost": "http://c.example"}]));
    let shown = ann.ask("/api/v1/endpoints").await.expect(200).json();
    let health: Vec<_> =
        shown["items"].as_array().unwrap().iter().map(|it| (&it["id"], &it["live"])).collect();
    assert_eq!(health, [(&json!(ids[1]), &json!(false)), (&json!(ids[2]), &json!(true))]);
    cloud.get("/api/v1/endpoints").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_says_in_its_own_words_who_does_what_it_does_not() {
    let cloud = cloud(TestDatabase::sqlite().await).await;
    let (endpoint, line) = endpoint(&cloud, TestDatabase::sqlite().await).await;
    let ann = cloud.person("ann").await;
    let lost = ann.moved_to(&endpoint.url(""));
    for (path, pointer) in [
        ("/ping", "/Message"),
        ("/endpoint/list", "/Message"),
        ("/oauth/accessToken", "/Message"),
        ("/pinning/pinList", "/Message"),
        ("/pinning/pinJobs", "/Message"),
        ("/psa/pins", "/error/details"),
        ("/data/pinList", "/error/details"),
        ("/api/v1/account", "/error/message"),
        ("/api/v1/endpoints", "/error/message"),
    ] {
        let answer = lost.ask(path).await.expect(421);
        let body = answer.json();
        let words = body.pointer(pointer).unwrap().as_str().unwrap();
        assert!(words.contains(&line.url), "{path}: {words}");
    }
    lost.send(Method::DELETE, "/pinning/unpin/bafkqaaa", None).await.expect(421);

    let bytes = bytes::Bytes::from_static(b"for an Endpoint");
    let cid = crate::support::content::cid_v0(&bytes);
    let refused = ann.upload(ann.form(&cid).file("a", &bytes)).await.refusal(421);
    assert!(refused.contains("/endpoint/list"), "{refused}");
    let as_pinata = cloud
        .client
        .post(cloud.url("/pinning/pinJSONToIPFS"))
        .bearer_auth(&ann.api_key)
        .json(&json!({"a": 1}));
    Answer::of(as_pinata).await.expect(421);
}

#[tokio::test]
async fn a_server_with_all_roles_has_no_endpoints() {
    let server = TestServer::start().await;
    let answer = join(&server, "hello", SECRET).await.expect(404);
    assert!(words(&answer).contains("--role cloud"), "{answer:?}");
    post(&server, "/report", Some(SECRET), json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_does_not_start_without_a_cloud_that_knows_it() {
    let cloud = cloud(TestDatabase::sqlite().await).await;
    let folder = tempfile::tempdir().unwrap();
    let open = async |token: Option<&str>| {
        let mut config = settings(folder.path());
        config.server.role = Role::Endpoint;
        config.server.public_url = Some(PUBLIC.to_owned());
        config.endpoint.cloud = Some(cloud.url(""));
        config.endpoint.registration_token = token.map(Into::into);
        match App::open(config, Clock::system()).await {
            Ok(app) => {
                app.close().await;
                Ok(())
            }
            Err(error) => Err(format!("{error:#}")),
        }
    };
    let no_token = open(None).await.unwrap_err();
    assert!(no_token.contains("has not joined") && no_token.contains("--registration-token"), "{no_token}");
    let bad_token = open(Some("hello")).await.unwrap_err();
    assert!(bad_token.contains("no such registration token"), "{bad_token}");
    let (token, _) = cloud.app.endpoints.invite("Hong Kong").await.unwrap();
    open(Some(token.expose_secret())).await.unwrap();
    // From then on it needs none, and may still have it.
    open(None).await.unwrap();
    open(Some(token.expose_secret())).await.unwrap();
    assert_eq!(cloud.app.endpoints.list().await.unwrap().len(), 1);
    assert!(!folder.path().join("endpoint.key").metadata().unwrap().permissions().readonly());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &folder.path().join("endpoint.key").metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_folder_in_which_accounts_registered_is_not_an_endpoints() {
    let folder = tempfile::tempdir().unwrap();
    crate::support::process::register_in(folder.path(), "ann@example.org").await;
    let mut config = settings(folder.path());
    config.server.role = Role::Endpoint;
    config.server.public_url = Some(PUBLIC.to_owned());
    config.endpoint.cloud = Some("http://127.0.0.1:1".to_owned());
    let refused = App::open(config, Clock::system()).await.err().unwrap().to_string();
    assert!(refused.contains("accounts have registered"), "{refused}");
}

#[test]
fn operators_invite_list_and_remove_endpoints() {
    let cloud = RunningServer::start_with(tempfile::tempdir().unwrap(), &[("TIDEGATE_SERVER_ROLE", "cloud")]);
    let endpoint = |args: &[&str]| {
        let command = Tidegate::new(["endpoint", "--json"]).arg("--data").arg(cloud.data());
        args.iter().fold(command, Tidegate::arg).run()
    };
    let invited = endpoint(&["invite", "--name", "Hong Kong"]).json();
    let token = invited["registrationToken"].as_str().unwrap().to_owned();
    let joined = RunningServer::start_with(
        tempfile::tempdir().unwrap(),
        &[
            ("TIDEGATE_SERVER_ROLE", "endpoint"),
            ("TIDEGATE_SERVER_PUBLIC_URL", PUBLIC),
            ("TIDEGATE_ENDPOINT_CLOUD", &cloud.address),
            ("TIDEGATE_ENDPOINT_REGISTRATION_TOKEN", &token),
        ],
    );
    let listed = endpoint(&["list"]).json();
    assert_eq!((&listed[0]["name"], &listed[0]["url"]), (&json!("Hong Kong"), &json!(PUBLIC)));
    let id = listed[0]["id"].to_string();
    endpoint(&["remove", &id]).json();
    endpoint(&["remove", &id]).failed_with(5, "there is no Endpoint");
    assert_eq!(endpoint(&["list"]).json(), json!([]));
    endpoint(&["invite", "--name", ""]).failed_with(2, "the name of an Endpoint");
    drop(joined);

    let without = Tidegate::new(["serve", "--role", "endpoint", "--cloud", &cloud.address, "--data"])
        .arg(tempfile::tempdir().unwrap().path());
    without.run().failed_with(2, "server.public_url: is missing (--public-url)");
    let nowhere = Tidegate::new(["serve", "--role", "endpoint", "--public-url", PUBLIC, "--data"])
        .arg(tempfile::tempdir().unwrap().path());
    nowhere.run().failed_with(2, "endpoint.cloud: is missing (--cloud)");
}
