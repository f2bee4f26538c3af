//! The Endpoints of a Cloud and how they are.

use std::time::Duration;

use tidegate::{
    cloud::wire::{Application, Portrait},
    config::Role,
};

use crate::support::{browser::Browser, server::TestServer};

const PATH: &str = "/panel/endpoints";

#[tokio::test]
async fn a_server_without_endpoints_shows_itself() {
    let server = TestServer::start().await;
    let (mut member, _) = Browser::of(&server, "ann").await;
    let page = member.page(PATH).await;
    assert!(page.contains(&server.url("")) && page.contains("it is this server"), "{page}");
    assert!(page.contains(env!("CARGO_PKG_VERSION")) && !page.contains("Invite an Endpoint"), "{page}");
    let (mut admin, _) = Browser::of_admin(&server, "bob").await;
    assert_eq!(admin.post("/panel/endpoints/invite", &[("name", "x")]).await.status, 404);
    assert!(!admin.page(PATH).await.contains("Invite an Endpoint"));
}

#[tokio::test]
async fn endpoints_are_invited_seen_and_removed() {
    let cloud = TestServer::with(|config| config.server.role = Role::Cloud).await;
    let (mut admin, _) = Browser::of_admin(&cloud, "ann").await;
    let (mut member, _) = Browser::of(&cloud, "bob").await;
    assert!(member.page(PATH).await.contains("An administrator invites them."));

    let invited = admin.post("/panel/endpoints/invite", &[("name", "Hong Kong")]).await.expect(200);
    let (_, rest) = invited.text().split_once("<code id=\"token\">").unwrap();
    let token = rest.split('<').next().unwrap().to_owned();
    assert!(invited.text().contains(&format!("--cloud {}", cloud.url(""))), "{}", invited.text());
    let endpoint =
        Portrait { url: "https://hk.example".to_owned(), version: "9.9.9".to_owned(), free_bytes: 5 << 30 };
    let joined =
        cloud.app.endpoints.join(Application { token, secret: "s".repeat(32), endpoint }).await.unwrap();

    let page = member.page(PATH).await;
    for words in ["Hong Kong", "https://hk.example", "9.9.9", "5.0 GiB", ">there<"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("/remove"), "{page}");
    cloud.clock.advance(Duration::from_secs(3600));
    assert!(member.page(PATH).await.contains(">away<"));

    let remove = format!("/panel/endpoints/{}/remove", joined.id);
    let page = admin.submit(&remove, &[]).await;
    assert!(page.contains("The Endpoint is removed") && !page.contains("Hong Kong"), "{page}");
    assert_eq!(admin.post(&remove, &[]).await.status, 404);
    let refused = admin.post("/panel/endpoints/invite", &[("name", "")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("The name of an Endpoint"), "{}", refused.text());
}
