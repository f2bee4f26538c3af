//! `tidegate endpoint`: the Endpoints of a Cloud. Works on the Cloud's data folder, beside a running server too.

use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Failure, Output, block_on, serve::Settings};
use crate::{
    clock::Clock,
    config::{Config, Overrides},
    data_dir::DataDir,
    db::EndpointId,
    endpoints::{EndpointError, Endpoints},
};

/// Invite, list and remove the Endpoints of a Cloud.
///
/// Works on the data folder and the database of the Cloud, not over the network; the server may be running.
#[derive(Args)]
pub(super) struct Endpoint {
    #[command(subcommand)]
    command: EndpointCommand,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum EndpointCommand {
    Invite(Invite),
    List(List),
    Remove(Remove),
}

/// Make a token with which one Endpoint can join, within a day.
#[derive(Args)]
#[command(
    after_help = "Example:\n  tidegate endpoint invite --name \"Hong Kong\"\nand then, on the new machine:\n  \
                  TIDEGATE_ENDPOINT_REGISTRATION_TOKEN=... tidegate serve --role endpoint --cloud https://cloud.example.org \
                  --public-url https://hk.example.org"
)]
struct Invite {
    /// The Endpoint's name in /endpoint/list
    #[arg(long, value_name = "NAME")]
    name: String,
}

/// List the Endpoints.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate endpoint list")]
struct List {}

/// Remove an Endpoint: it is refused from then on.
///
/// What it was to bring in goes to others. What it holds stays in the lists of those who pinned it, and on its disk.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate endpoint remove 2")]
struct Remove {
    /// The Endpoint's id, as `tidegate endpoint list` shows it
    #[arg(value_name = "ID")]
    id: i64,
}

pub(super) fn run(command: Endpoint, output: Output) -> Result<(), Failure> {
    // The first Endpoint may be invited before the first start of the Cloud.
    let config = match command.command {
        EndpointCommand::Invite(_) => command.settings.load(Overrides::default())?,
        _ => command.settings.load_existing()?,
    };
    block_on(async {
        let (db, endpoints) = open(&config).await?;
        let done = match command.command {
            EndpointCommand::Invite(invite) => invite.run(&endpoints, output).await,
            EndpointCommand::List(_) => list(&endpoints, output).await,
            EndpointCommand::Remove(remove) => remove.run(&endpoints, output).await,
        };
        db.close().await;
        done
    })
}

async fn open(config: &Config) -> Result<(Arc<crate::db::Db>, Endpoints), Failure> {
    let db = Arc::new(DataDir::visit(&config.data.dir)?.open_database(&config.database).await?);
    let endpoints = Endpoints::new(Arc::clone(&db), Clock::system(), &config.endpoint);
    Ok((db, endpoints))
}

impl Invite {
    async fn run(&self, endpoints: &Endpoints, output: Output) -> Result<(), Failure> {
        let (token, until) = endpoints.invite(&self.name).await?;
        let token = token.expose_secret();
        let text = format!("Registration token for {:?}, good once, until {until}:\n{token}", self.name);
        let value = json!({"name": self.name, "registrationToken": token, "expiresAt": until.to_string()});
        Ok(output.result(&text, &value)?)
    }
}

impl Remove {
    async fn run(&self, endpoints: &Endpoints, output: Output) -> Result<(), Failure> {
        if !endpoints.remove(EndpointId(self.id)).await.map_err(EndpointError::from)? {
            return Err(Failure::NotFound(anyhow!(
                "there is no Endpoint {}; `tidegate endpoint list` shows all",
                self.id
            )));
        }
        Ok(output.result(&format!("Removed the Endpoint {}", self.id), &json!({"removed": self.id}))?)
    }
}

async fn list(endpoints: &Endpoints, output: Output) -> Result<(), Failure> {
    let (mut lines, mut values) = (Vec::new(), Vec::new());
    for endpoint in endpoints.list().await.map_err(EndpointError::from)? {
        let live = endpoints.is_live(&endpoint);
        let (id, name, says, seen_at) = (endpoint.id, &endpoint.name, &endpoint.says, endpoint.seen_at);
        let state = if live { "there" } else { "away" };
        lines.push(format!("{id:>4}  {state}  {name}  {}  last heard of {seen_at}", says.url));
        values.push(json!({
            "id": id.0,
            "name": name,
            "url": says.url,
            "version": says.version,
            "live": live,
            "freeBytes": says.free_bytes,
            "seenAt": seen_at.to_string(),
            "joinedAt": endpoint.registered_at.to_string(),
        }));
    }
    Ok(output.result(&lines.join("\n"), &values)?)
}

impl From<EndpointError> for Failure {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::BadName => Self::Usage(error.into()),
            error => Self::Failed(error.into()),
        }
    }
}
