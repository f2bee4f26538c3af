//! One Cloud with many Endpoints.

mod joining;
mod lists;
mod processes;
mod requests;
mod trust;

use std::time::Duration;

use tidegate::config::{Config, Role};

use crate::support::{databases::TestDatabase, eventually, person::Person, proxy::Proxy, server::TestServer};

/// What the Endpoints of these tests have as their own address; nobody calls it.
const PUBLIC: &str = "http://endpoint.example";

/// A Cloud in this process.
async fn cloud(database: TestDatabase) -> TestServer {
    TestServer::on(database, |config| config.server.role = Role::Cloud).await
}

/// An Endpoint of `cloud` in this process, which reaches it by a line that can be cut.
async fn endpoint(cloud: &TestServer, database: TestDatabase) -> (TestServer, Proxy) {
    endpoint_with(cloud, database, |_| {}).await
}

async fn endpoint_with(
    cloud: &TestServer,
    database: TestDatabase,
    change: impl FnOnce(&mut Config),
) -> (TestServer, Proxy) {
    let line = Proxy::to(cloud.address).await;
    let (token, _) = cloud.app.endpoints.invite("Hong Kong").await.unwrap();
    let endpoint = TestServer::on(database, |config| {
        config.server.role = Role::Endpoint;
        config.server.public_url = Some(PUBLIC.to_owned());
        config.endpoint.cloud = Some(line.url.clone());
        config.endpoint.registration_token = Some(token);
        config.endpoint.heartbeat = Duration::from_millis(20);
        change(config);
    })
    .await;
    (endpoint, line)
}

/// Waits until the Cloud has heard all that the Endpoint has to tell, and the Endpoint has done all there was to do.
async fn in_step(cloud: &TestServer, endpoints: &[&TestServer]) {
    eventually("Cloud and Endpoints agree", async || {
        let mut left = 0;
        for endpoint in endpoints {
            left += endpoint.app.pins.count_untold().await.unwrap();
        }
        for known in cloud.app.endpoints.list().await.unwrap() {
            let open = cloud
                .app
                .db
                .read(move |s| Box::pin(async move { tidegate::db::errands::count(s, known.id).await }))
                .await;
            left += open.unwrap();
        }
        left == 0
    })
    .await;
}

/// How many entries `pinList` and `pinJobs` say there are.
async fn counts(person: &Person) -> (u64, u64) {
    let pins = person.ask("/pinning/pinList").await.expect(200).json();
    let jobs = person.ask("/pinning/pinJobs").await.expect(200).json();
    (pins["Count"].as_u64().unwrap(), jobs["Count"].as_u64().unwrap())
}
