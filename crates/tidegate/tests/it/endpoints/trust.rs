//! Whom an Endpoint believes, for how long, and what it does while it cannot ask.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tidegate::{
    accounts::PublicKey,
    cloud::Reach,
    db::{
        EndpointId, accounts,
        keys::KeyTerms,
        scopes::{Scope, Scopes},
    },
};

use super::{cloud, counts, endpoint, in_step};
use crate::support::{
    answer::Answer,
    browser::Browser,
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    origin::{Origin, Reply},
    person::Person,
    proxy::{Line, Proxy},
    server::TestServer,
};

const VERIFY: &str = "POST /api/v1/endpoints/verify";
const REPORT: &str = "POST /api/v1/endpoints/report";

on_both_engines![many_uploads_with_one_token_ask_once, quotas_and_signatures_are_the_clouds];

/// A Cloud, an Endpoint of it, and somebody who uploads there.
async fn together() -> (TestServer, TestServer, Proxy, Person) {
    let cloud = cloud(TestDatabase::sqlite().await).await;
    let (endpoint, line) = endpoint(&cloud, TestDatabase::sqlite().await).await;
    let ann = cloud.person("ann").await.moved_to(&endpoint.url(""));
    (cloud, endpoint, line, ann)
}

async fn upload(person: &Person) -> Answer {
    let bytes = content(unique(), 100);
    person.upload(person.form(&cid_v0(&bytes)).file("a", &bytes)).await
}

async fn is_away(endpoint: &TestServer) {
    let cloud = endpoint.app.cloud.clone().unwrap();
    eventually("the Endpoint has noticed", async || cloud.reach() == Reach::Away).await;
}

async fn is_back(endpoint: &TestServer) {
    let cloud = endpoint.app.cloud.clone().unwrap();
    eventually("the Endpoint has noticed", async || cloud.reach() == Reach::There).await;
}

async fn many_uploads_with_one_token_ask_once(database: TestDatabase) {
    let cloud = cloud(TestDatabase::sqlite().await).await;
    let (endpoint, line) = endpoint(&cloud, database).await;
    let ann = cloud.person("ann").await.moved_to(&endpoint.url(""));
    // Until the answer comes, they all wait for the same one.
    line.set(Line::Held);
    let uploads: Vec<_> = (0..40)
        .map(|_| {
            let ann = ann.clone();
            tokio::spawn(async move { upload(&ann).await })
        })
        .collect();
    eventually("somebody asks", async || line.heard(VERIFY) == 1).await;
    line.set(Line::Open);
    for upload in uploads {
        upload.await.unwrap().expect(200);
    }
    assert_eq!(line.heard(VERIFY), 1);
}

async fn quotas_and_signatures_are_the_clouds(database: TestDatabase) {
    let cloud = cloud(TestDatabase::sqlite().await).await;
    let (endpoint, _line) = endpoint(&cloud, database).await;
    let ann = cloud.person("ann").await.moved_to(&endpoint.url(""));
    let account = ann.account;
    let quota = cloud.app.db.write(move |s| Box::pin(accounts::set_quota(s, account, Some(250))));
    assert!(quota.await.unwrap());
    upload(&ann).await.expect(200);
    upload(&ann).await.expect(200);
    assert!(upload(&ann).await.refusal(413).contains("quota"));

    // From the next question on, another key counts.
    let bob = cloud.person("bob").await;
    let bobs = cloud.app.accounts.show(bob.account).await.unwrap().rsa_public_key;
    cloud
        .app
        .accounts
        .set_public_key(account, PublicKey::parse(&bobs).unwrap(), Duration::ZERO)
        .await
        .unwrap();
    let quota = cloud.app.db.write(move |s| Box::pin(accounts::set_quota(s, account, None)));
    assert!(quota.await.unwrap());
    in_step(&cloud, &[&endpoint]).await;
    endpoint.clock.advance(Duration::from_secs(31));
    upload(&ann).await.refusal(400);
    let with_bobs_key = Person { rsa_private_key: bob.rsa_private_key.clone(), ..ann.clone() };
    upload(&with_bobs_key).await.expect(200);
    let at_cloud = ann.moved_to(&cloud.url(""));
    eventually("all are in the lists", async || counts(&at_cloud).await == (3, 3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_signing_key_counts_at_an_endpoint_until_it_ends() {
    let (cloud, endpoint, _line, ann) = together().await;
    upload(&ann).await.expect(200);
    let hour = Duration::from_secs(60 * 60);
    let pair = cloud.app.accounts.rotate_signing_key(ann.account, hour).await.unwrap();
    let with_new = Person { rsa_private_key: pair.private, ..ann.moved_to(&cloud.url("")) };
    // Whoever asks for a token with it is believed at once.
    let with_new = Person { token: with_new.fresh_token().await, ..with_new.moved_to(&endpoint.url("")) };
    upload(&with_new).await.expect(200);
    upload(&ann).await.expect(200);
    for server in [&cloud, &endpoint] {
        server.clock.advance(hour);
    }
    upload(&ann).await.refusal(400);
    upload(&with_new).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn snippets_send_content_to_an_endpoint() {
    let (cloud, _endpoint, _line, ann) = together().await;
    let mut browser = Browser::at(&cloud);
    browser.sign_in("ann@example.org").await;
    let page = browser.page("/panel/api/jwt").await;
    assert!(page.contains(" http://endpoint.example/pinning/pinFile</pre>"), "{page}");
    assert!(page.contains(&format!("export TIDEGATE_URL='{}'", cloud.url(""))), "{page}");
    assert!(page.contains(&ann.api_key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_when_the_trust_is_over() {
    let (cloud, endpoint, _line, ann) = together().await;
    upload(&ann).await.expect(200);
    cloud.app.accounts.revoke_api_key(ann.account, "default").await.unwrap();
    endpoint.clock.advance(Duration::from_secs(29));
    upload(&ann).await.expect(200);
    endpoint.clock.advance(Duration::from_secs(1));
    assert_eq!(upload(&ann).await.refusal(401), "Invalid token");
    let stranger = Person { token: "hello".to_owned(), ..ann };
    assert_eq!(upload(&stranger).await.refusal(401), "Invalid token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_keeps_its_scopes_at_an_endpoint() {
    let (cloud, endpoint, _line, ann) = together().await;
    let with = async |name: &str, terms: KeyTerms| {
        let (_, key) = cloud.app.accounts.add_api_key(ann.account, name, terms).await.unwrap();
        let mut person = Person { api_key: key.expose_secret().to_owned(), ..ann.moved_to(&cloud.url("")) };
        person.token = person.fresh_token().await;
        person.moved_to(&endpoint.url(""))
    };
    let pins = Scopes::of_bits(Scope::Pin.bits());
    let narrow = with("narrow", KeyTerms { scopes: pins, ..KeyTerms::default() }).await;
    upload(&narrow).await.expect(200);
    let counted = with("counted", KeyTerms { max_uses: Some(5), ..KeyTerms::default() }).await;
    assert!(upload(&counted).await.refusal(403).contains("limited number of uses"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_cloud_is_away_known_tokens_are_good_and_others_wait() {
    let (cloud, endpoint, line, ann) = together().await;
    let fresh = Person { token: ann.moved_to(&cloud.url("")).fresh_token().await, ..ann.clone() };
    upload(&ann).await.expect(200);
    in_step(&cloud, &[&endpoint]).await;
    line.set(Line::Cut);
    is_away(&endpoint).await;
    endpoint.clock.advance(Duration::from_secs(60 * 60));
    upload(&ann).await.expect(200);
    let later = upload(&fresh).await;
    assert!(later.refusal(503).contains("cannot ask its Cloud"));
    assert_eq!(later.header("retry-after"), "5");
    let ready = endpoint.get("/readyz").await.expect(200).json();
    assert_eq!((&ready["cloud"], &ready["outbox"]), (&"it cannot be reached".into(), &1.into()));

    // No outage lets a token live longer than it would have.
    endpoint.clock.advance(Duration::from_secs(60 * 60));
    upload(&ann).await.refusal(503);
    line.set(Line::Open);
    is_back(&endpoint).await;
    upload(&fresh).await.expect(200);
    cloud.clock.advance(Duration::from_secs(2 * 60 * 60));
    upload(&ann).await.refusal(401);
    in_step(&cloud, &[&endpoint]).await;
    assert_eq!(endpoint.get("/readyz").await.expect(200).json()["cloud"], "ok");
    assert_eq!(counts(&ann.moved_to(&cloud.url(""))).await, (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_began_before_the_outage_ends_well() {
    let (cloud, endpoint, line, ann) = together().await;
    let bytes = content(unique(), 8_000_000);
    let cid = cid_v0(&bytes);
    let body = ann.form(&cid).file("a", &bytes).close();
    let mut wire = endpoint.connect().await;
    wire.begin_upload(&ann.token, &format!("Content-Length: {}\r\n", body.len())).await;
    wire.send(&body[..6_000_000]).await;
    eventually("the upload is under way", async || endpoint.staged() == 1).await;
    line.set(Line::Cut);
    is_away(&endpoint).await;
    wire.send(&body[6_000_000..]).await;
    assert_eq!(wire.answer().await.expect(200).json()["PinHash"], cid);
    line.set(Line::Open);
    in_step(&cloud, &[&endpoint]).await;
    assert_eq!(counts(&ann.moved_to(&cloud.url(""))).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_was_removed_takes_nothing_in() {
    let (cloud, endpoint, _line, ann) = together().await;
    upload(&ann).await.expect(200);
    in_step(&cloud, &[&endpoint]).await;
    let known = cloud.app.endpoints.list().await.unwrap();
    cloud.app.endpoints.remove(EndpointId(known[0].id.0)).await.unwrap();
    let link = endpoint.app.cloud.clone().unwrap();
    eventually("the Endpoint has heard", async || link.reach() == Reach::Refused).await;
    endpoint.clock.advance(Duration::from_secs(30));
    upload(&ann).await.refusal(503);
    let ready = endpoint.get("/readyz").await.expect(200).json();
    assert_eq!(ready["cloud"], "it does not know this Endpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_in_the_clouds_place_is_no_refusal() {
    let (_cloud, endpoint, line, ann) = together().await;
    upload(&ann).await.expect(200);
    line.set(Line::Cut);
    is_away(&endpoint).await;
    let other = Origin::start(|_| Reply::status(404).then_close()).await;
    line.lead_to(other.url("").trim_start_matches("http://").parse().unwrap());
    let before = line.heard(REPORT);
    line.set(Line::Open);
    eventually("the other one has answered", async || line.heard(REPORT) > before + 1).await;
    endpoint.clock.advance(Duration::from_secs(30));
    upload(&ann).await.expect(200);
    assert_eq!(endpoint.app.cloud.as_ref().unwrap().reach(), Reach::Away);
}
