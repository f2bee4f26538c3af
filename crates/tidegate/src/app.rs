//! Everything a running server is made of, built once.

use std::{ops::Deref, sync::Arc};

use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use tidegate_content::sha256;
use url::Url;

use crate::{
    access::{AuthTokens, Nonces},
    accounts::{Accounts, Purpose, SessionLimits},
    blobs::BlobStore,
    chain::{ChainMemo, Chains, Limits},
    clock::Clock,
    cloud::Cloud,
    config::{Config, Role},
    data_dir::DataDir,
    db::{Db, DbError, accounts, outbox, settings},
    downloads::Downloads,
    endpoints::Endpoints,
    fetch::{FetchLimits, Fetcher, Guard, SystemResolver, system_tls},
    pins::{Library, Pins},
    pull::{self, Puller},
    sources::{Contracts, Outside, Sources},
    uploads::Uploads,
    webhooks::Webhooks,
};

/// A handle on the parts; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts, for handlers to use.
pub struct Parts {
    /// Settings as in effect.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The facts.
    pub db: Arc<Db>,
    /// People, keys and tokens.
    pub accounts: Arc<Accounts>,
    /// The Endpoints of this Cloud.
    pub endpoints: Endpoints,
    /// The Cloud of this Endpoint; nothing for a server that is none.
    pub cloud: Option<Cloud>,
    /// Where pins are made.
    pub pins: Pins,
    /// Uploads that go on after a break.
    pub uploads: Uploads,
    /// What may be read.
    pub library: Library,
    /// The server's name among peers.
    pub peer_id: String,
    /// Signed requests, each accepted once.
    pub nonces: Nonces,
    /// Tokens that stand for a signature.
    pub tokens: AuthTokens,
    /// Brings content in.
    pub puller: Puller,
    /// Tells accounts what becomes of their requests.
    pub webhooks: Webhooks,
    /// The ways to addresses that users name.
    pub outgoing: Outgoing,
    /// What blockchains know.
    pub chains: Arc<Chains>,
    /// Where sold files come from.
    pub sources: Sources,
    /// Who may have which sold file.
    pub downloads: Downloads,
    /// The folder, held for as long as the server runs.
    _dir: DataDir,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the data folder and the database, and removes what a crash left behind.
    ///
    /// # Errors
    /// One that says what to do: the folder is in use or not writable, the database cannot be opened, the key is bad.
    pub async fn open(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let dir = DataDir::claim(&config.data.dir)?;
        let db = Arc::new(dir.open_database(&config.database).await?);
        let node = dir.node()?;
        let store = BlobStore::open(dir.path())
            .with_context(|| format!("cannot make the content folders in {}", dir.path().display()))?;
        let key = dir.server_key(&config.secrets)?;
        let cloud = cloud_of(&config, &dir, &db).await?;
        let limits =
            SessionLimits { idle: config.panel.session_idle, lifetime: config.panel.session_lifetime };
        let mut accounts = Accounts::new(Arc::clone(&db), clock.clone(), &key)?.with_sessions(limits);
        if let Some(cloud) = &cloud {
            accounts = accounts.of_cloud(cloud.clone(), config.endpoint.trust_for);
        }
        let accounts = Arc::new(accounts);
        let endpoints = Endpoints::new(Arc::clone(&db), clock.clone(), &config.endpoint);
        let nonces = Nonces::new(Arc::clone(&db));
        let tokens = AuthTokens::open(Arc::clone(&db), clock.clone(), &key).await?;
        let pins = Pins::new(Arc::clone(&db), store.clone(), clock.clone(), &config, &node);
        let removed = pins.clean().await.context("cannot remove what an earlier run left unfinished")?;
        if removed > 0 {
            tracing::info!(removed, "removed uploads that an earlier run left unfinished");
        }
        pins.measure_store().await?;
        let uploads = Uploads::open(dir.path(), &db, &clock, &accounts, &pins, &config).await?;
        if let Some(cloud) = &cloud {
            join(&config, cloud, &db, &pins).await?;
        }
        let library = pins.library();
        let puller = Puller::new(library.clone(), store, pins.room(), elsewhere(&config)?, &config.pull);
        let memo = chain_memo(&db).await?;
        let chains = Arc::new(Chains::new(&config.provider, &config.chains, Limits::default(), memo)?);
        let outside = Outside::new(&config.provider, &config.fetch)?;
        let contracts = Arc::clone(&chains) as Arc<dyn Contracts>;
        let sources = Sources::new(&config.provider, &outside, library.clone(), contracts);
        let webhooks = Webhooks::new(Arc::clone(&db), clock.clone(), &key)?;
        let outgoing = Outgoing::new(&config)?;
        let tickets = key.derive(Purpose::Tickets)?;
        let downloads = Downloads::new(&config.provider, &db, &clock, &chains, &outside, &tickets);
        Ok(Self(Arc::new(Parts {
            config,
            clock,
            db,
            accounts,
            endpoints,
            cloud,
            pins,
            uploads,
            library,
            peer_id: key.peer_id()?,
            nonces,
            tokens,
            puller,
            webhooks,
            outgoing,
            chains,
            sources,
            downloads,
            _dir: dir,
        })))
    }

    /// Waits for what is being written.
    pub async fn close(&self) {
        self.uploads.close().await;
        self.downloads.receipts.close().await;
        self.db.close().await;
    }
}

/// The Cloud that this server is an Endpoint of, if it is one.
async fn cloud_of(config: &Config, dir: &DataDir, db: &Db) -> anyhow::Result<Option<Cloud>> {
    let (Role::Endpoint, Some(url)) = (config.server.role, &config.endpoint.cloud) else {
        return Ok(None);
    };
    // Ids of accounts are the Cloud's here.
    if db.read(|s| Box::pin(accounts::has_own_accounts(s))).await? {
        bail!(
            "accounts have registered in {}, so it cannot be an Endpoint's; give an empty folder with --data",
            dir.path().display()
        );
    }
    let secret = dir.endpoint_key()?.derive(Purpose::Endpoint)?;
    let cloud = Cloud::new(url, hex::encode(secret.expose_secret()).into())?;
    db.write(|s| Box::pin(outbox::open(s))).await?;
    Ok(Some(cloud))
}

/// The setting that remembers which token this Endpoint has joined with: its hash.
const JOINED: &str = "joined_with";

/// Joins the Cloud, unless that was done with the same token before.
async fn join(config: &Config, cloud: &Cloud, db: &Db, pins: &Pins) -> anyhow::Result<()> {
    let joined = db.read(|s| Box::pin(settings::find_setting(s, JOINED))).await?;
    let Some(token) = &config.endpoint.registration_token else {
        return match joined {
            Some(_) => Ok(()),
            None => bail!(
                "this Endpoint has not joined {}; give it a token with --registration-token, which `tidegate endpoint invite` on the \
                 Cloud makes",
                cloud.url()
            ),
        };
    };
    let hash = hex::encode(sha256(&[token.expose_secret().as_bytes()]));
    if joined.as_ref() == Some(&hash) {
        return Ok(());
    }
    let url = config.server.public_url.as_deref().unwrap_or_default();
    let joined =
        cloud.join(token, pins.portrait(url)?).await.context("this Endpoint could not join its Cloud")?;
    db.write(move |s| Box::pin(async move { settings::put_setting(s, JOINED, &hash).await })).await?;
    tracing::info!(id = joined.id, name = joined.name, cloud = cloud.url(), "joined the Cloud");
    Ok(())
}

/// Who is asked for content that is not here.
fn elsewhere(config: &Config) -> anyhow::Result<Vec<pull::Source>> {
    let (pull, mut sources) = (&config.pull, Vec::new());
    let resolver = Arc::new(SystemResolver::new());
    let limits = FetchLimits {
        connect: config.fetch.connect_timeout,
        // A gateway or a node that does not have a block searches for it before it answers.
        first_byte: pull.block_timeout,
        idle: config.fetch.idle_timeout,
        total: pull.try_timeout,
        size: pull.size.as_u64(),
        redirects: config.fetch.redirects,
    };
    let fetcher = |base: &Url| -> anyhow::Result<Fetcher> {
        let guard = Guard::public().and_host(base.host_str().unwrap_or_default());
        Ok(Fetcher::new(guard, Arc::clone(&resolver) as _, system_tls()?, limits))
    };
    for (index, base) in pull.gateways.iter().enumerate() {
        let name = format!("gateway {}", index + 1);
        sources.push(pull::Source::gateway(base.clone(), fetcher(base)?, name, pull.block_timeout));
    }
    if let Some(base) = &pull.kubo {
        sources.push(pull::Source::kubo(base.clone(), fetcher(base)?, pull.block_timeout));
    }
    Ok(sources)
}

/// Clients for URLs that users name, each with a guard and limits of its own.
pub struct Outgoing {
    /// For messages to webhooks.
    pub webhooks: Fetcher,
    /// For what `pinFromS3` fetches.
    pub objects: Fetcher,
}

impl Outgoing {
    fn new(config: &Config) -> anyhow::Result<Self> {
        let resolver = Arc::new(SystemResolver::new());
        let guard = |anywhere| if anywhere { Guard::anywhere() } else { Guard::public() };
        let patience = config.webhooks.timeout;
        let messages = FetchLimits {
            connect: config.fetch.connect_timeout.min(patience),
            first_byte: patience,
            idle: patience,
            total: patience,
            size: 1 << 20,
            redirects: 0,
        };
        let objects = FetchLimits {
            connect: config.fetch.connect_timeout,
            first_byte: config.pull.block_timeout,
            idle: config.fetch.idle_timeout,
            total: config.fetch.total_timeout,
            // What takes the file has a limit of its own.
            size: u64::MAX,
            redirects: config.fetch.redirects,
        };
        let fetcher = |guard, limits| -> anyhow::Result<Fetcher> {
            Ok(Fetcher::new(guard, Arc::clone(&resolver) as _, system_tls()?, limits))
        };
        Ok(Self {
            webhooks: fetcher(guard(config.webhooks.allow_non_public_ip), messages)?,
            objects: fetcher(guard(config.pull.allow_non_public_ip), objects)?,
        })
    }
}

/// The setting that remembers the chain of a plain NETWORK_URL.
const CHAIN: &str = "chain";

async fn chain_memo(db: &Arc<Db>) -> Result<ChainMemo, DbError> {
    let known = db.read(|s| Box::pin(settings::find_setting(s, CHAIN))).await?;
    let known: Option<u64> = known.and_then(|id| id.parse().ok());
    let db = Arc::clone(db);
    let learned = Box::new(move |id: u64| {
        if known == Some(id) {
            return;
        }
        let db = Arc::clone(&db);
        tokio::spawn(async move {
            let id = id.to_string();
            let put = db.write(move |s| Box::pin(async move { settings::put_setting(s, CHAIN, &id).await }));
            if let Err(error) = put.await {
                tracing::warn!(%error, "the id of the chain could not be remembered");
            }
        });
    });
    Ok(ChainMemo { known, learned })
}
