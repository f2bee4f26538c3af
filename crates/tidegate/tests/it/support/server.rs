//! A whole server in this process: its own data folder, a port the system chose, real TCP.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use tempfile::TempDir;
use tidegate::{
    app::App,
    blobs,
    clock::{Clock, Timestamp},
    config::{Config, Overrides},
    db::{AccountId, DbOptions, accounts, contents, pins},
    http::Surfaces,
    jobs::Workers,
    server::Server,
    telemetry,
};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{answer::Answer, databases::TestDatabase, eventually, person::Person, soon, wire::Wire};

/// The key of every server in these tests: several of them may share a folder, one after the other.
pub const SERVER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// A running server. Dropping it removes its folder.
pub struct TestServer {
    pub app: App,
    pub clock: Clock,
    pub address: SocketAddr,
    pub client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl TestServer {
    /// With all defaults, on SQLite.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than the defaults.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(TestDatabase::sqlite().await, change).await
    }

    /// On this database, in its folder.
    pub async fn on(database: TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = settings(database.folder.path());
        if let DbOptions::Postgres { url, .. } = database.options {
            config.database.url = Some(url);
        }
        change(&mut config);
        Self::run(database.folder, config).await
    }

    async fn run(folder: TempDir, config: Config) -> Self {
        telemetry::metrics::recorder();
        let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_123));
        let app = App::open(config, clock.clone()).await.unwrap();
        let server = Server::bind(&app.config.server, Surfaces::new(app.clone())).await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let workers = Workers::start(&app);
        let running = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopped.await;
            };
            server.run(stopped).await;
            workers.stop().await;
        });
        Self { app, clock, address, client: client(), stop: Some(stop), running: Some(running), folder }
    }

    /// `http://…` and `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where the server keeps everything.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path))).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(reqwest::Method::GET, path, headers).await
    }

    pub async fn ask(&self, method: reqwest::Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(method, self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request).await
    }

    /// A bare connection.
    pub async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// Someone with an account here.
    pub async fn person(&self, name: &str) -> Person {
        Person::register(self, name).await
    }

    /// Files under `staging/`.
    pub fn staged(&self) -> usize {
        std::fs::read_dir(self.data().join("staging")).unwrap().count()
    }

    /// CAR files under `blobs/`.
    pub fn cars(&self) -> Vec<PathBuf> {
        let store = blobs::BlobStore::open(self.data()).unwrap();
        let paths = store.paths().unwrap();
        paths.map(Result::unwrap).collect()
    }

    /// What is stored altogether.
    pub async fn totals(&self) -> contents::Totals {
        let read = self.app.db.read(|s| Box::pin(async move { contents::totals(s).await }));
        read.await.unwrap()
    }

    /// The account's pins, newest first.
    pub async fn pins(&self, account: AccountId) -> Vec<pins::Pin> {
        let query = pins::PinQuery {
            account,
            from: Timestamp::MIN,
            until: Timestamp::MAX,
            newest_first: true,
            offset: 0,
            limit: 1000,
        };
        let read = self.app.db.read(move |s| Box::pin(async move { pins::list_pins(s, &query).await }));
        read.await.unwrap()
    }

    /// Bytes the account has pinned, as its quota counts them.
    pub async fn used_bytes(&self, account: AccountId) -> u64 {
        let read =
            self.app.db.read(move |s| Box::pin(async move { accounts::find_account(s, account).await }));
        read.await.unwrap().unwrap().used_bytes
    }

    /// Nothing is stored, and nothing half-done lies about for long: what was staged for an upload that is refused goes
    /// away beside the answer.
    pub async fn is_left_empty(&self) {
        eventually("nothing is left", async || {
            let totals = self.totals().await;
            (totals.pins, totals.contents, totals.blocks) == (0, 0, 0)
                && self.staged() == 0
                && self.cars().is_empty()
        })
        .await;
    }

    /// The folder and the parts, once the server has stopped.
    pub fn into_parts(self) -> (TempDir, App) {
        (self.folder, self.app)
    }

    /// Asks the server to stop, without waiting.
    pub fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has stopped.
    pub async fn stopped(&mut self) {
        let running = self.running.take().unwrap();
        soon("the server stops", running).await.unwrap();
    }
}

/// For a server on which what is asked for stays asked for.
pub fn without_workers(config: &mut Config) {
    config.pull.at_once = 0;
}

/// The defaults, for a server in `folder`.
pub fn settings(folder: &Path) -> Config {
    let mut config = Config::load(None, [], Overrides::default()).unwrap();
    config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    folder.clone_into(&mut config.data.dir);
    config.secrets.server_key = Some(SecretString::from(SERVER_KEY));
    config
}

/// A client that does what it is told and nothing else.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
