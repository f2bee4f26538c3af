//! `tidegate serve`: the server, until a signal ends it.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Output, block_on};
use crate::{
    app::App,
    chain::ChainsError,
    clock::Clock,
    config::{Config, Overrides},
    http::Surfaces,
    jobs::Workers,
    server::Server,
    telemetry,
};

/// Run the server.
///
/// An empty folder becomes a running server: database, keys and folders are made at the first start.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  tidegate serve --listen 127.0.0.1:8030 --data ./tidegate-data\n  tidegate serve --role cloud\n  \
                  tidegate serve --role endpoint --cloud https://cloud.example.org --public-url https://hk.example.org"
)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
    /// Address and port to listen on; port 0 lets the system choose [default: 127.0.0.1:8030]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Which part to play: all, cloud or endpoint [default: all]
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// For an Endpoint: the address of its Cloud
    #[arg(long, value_name = "URL")]
    cloud: Option<String>,
    /// For an Endpoint's first start: the token that `tidegate endpoint invite` has printed; prefer the variable
    /// TIDEGATE_ENDPOINT_REGISTRATION_TOKEN, others on this machine can see flags
    #[arg(long, value_name = "TOKEN")]
    registration_token: Option<String>,
    /// The address under which clients reach this server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// Where settings are, for every command that works on a data folder.
#[derive(Args)]
pub(super) struct Settings {
    /// The data folder [default: tidegate-data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// The settings file; tidegate.example.toml shows all settings
    #[arg(long, env = "TIDEGATE_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl Settings {
    /// All settings as in effect.
    pub(super) fn load(&self, mut flags: Overrides) -> Result<Config, Failure> {
        if let Some(dir) = &self.data {
            flags.0.push(("data.dir", dir.to_string_lossy().into_owned()));
        }
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Config::load(self.config.as_deref(), vars, flags).map_err(|error| Failure::Usage(error.into()))
    }

    /// All settings, for a command to which an empty folder would be of no use.
    pub(super) fn load_existing(&self) -> Result<Config, Failure> {
        let config = self.load(Overrides::default())?;
        let dir = &config.data.dir;
        if dir.is_dir() {
            return Ok(config);
        }
        Err(Failure::Usage(anyhow!(
            "there is no data folder {}; name the right one with --data",
            dir.display()
        )))
    }
}

pub(super) fn run(command: Serve, output: Output) -> Result<(), Failure> {
    let mut flags = Overrides::default();
    for (setting, value) in [
        ("server.listen", command.listen),
        ("server.role", command.role),
        ("server.public_url", command.public_url),
        ("endpoint.cloud", command.cloud),
        ("endpoint.registration_token", command.registration_token),
    ] {
        flags.0.extend(value.map(|value| (setting, value)));
    }
    let config = command.settings.load(flags)?;
    let _log = telemetry::start_logging(&config.log)?;
    if !config.without_meaning.is_empty() {
        tracing::info!(
            variables = config.without_meaning.join(" "),
            "these variables of the Python Provider mean nothing here"
        );
    }
    telemetry::metrics::recorder();
    block_on(async { serve(config, output).await.map_err(wrong_setting) })
}

/// What the settings name but cannot be used is told from what happens to a good server.
fn wrong_setting(error: anyhow::Error) -> Failure {
    if error.is::<ChainsError>() { Failure::Usage(error) } else { Failure::Failed(error) }
}

async fn serve(config: Config, output: Output) -> anyhow::Result<()> {
    let app = App::open(config, Clock::system()).await?;
    let settings = &app.config.server;
    let server = Server::bind(settings, Surfaces::new(app.clone()))
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = server.local_addr().context("cannot tell the address")?;
    let data = app.config.data.dir.display().to_string();
    tracing::info!(%address, data, version = env!("CARGO_PKG_VERSION"), "listening");
    let welcome = first_admin_link(&app, address).await?;
    let mut text = format!("Tidegate listens on http://{address} and keeps its data in {data}");
    if let Some(link) = &welcome {
        text.push_str("\nNobody administers it yet. Whoever opens this link first does, it is good once: ");
        text.push_str(link);
    }
    let value = json!({"listening": format!("http://{address}"), "data": data, "firstAdmin": welcome});
    output.result(&text, &value)?;
    let stop = stop_signal()?;
    let workers = Workers::start(&app);
    server.run(stop).await;
    workers.stop().await;
    app.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The link with which the first administrator registers, if there is none. An Endpoint has its Cloud's.
async fn first_admin_link(app: &App, listening: SocketAddr) -> anyhow::Result<Option<String>> {
    if app.cloud.is_some() {
        return Ok(None);
    }
    let token = app.accounts.invite_first_admin().await?;
    let base = app.config.server.reached_at(listening);
    Ok(token.map(|token| format!("{base}/panel/register?invite={}", token.expose_secret())))
}

/// Ends with the first SIGTERM or SIGINT; a second one ends the process at once.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            tracing::warn!("a second signal: stopping at once");
            std::process::exit(130);
        });
    })
}
