//! The first page of selling: chains and how they are, what markets need to know, wallets, and how to sell what is pinned.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use http::{HeaderMap, Uri};
use tidegate_ocean::{Address, U256};

use super::{
    super::{super::forwarded::address_as_reached, Here, Member, Page, PanelError, Shell, show},
    texts,
};
use crate::{
    accounts::{WALLET_TEXT_LIFETIME, wallet_text},
    app::App,
    chain::{Block, ChainHealth},
    clock::Timestamp,
    config,
    db::{
        DbError, Session,
        pins::{Pin, PinQuery, Visibility, list_pins},
        wallets,
    },
};

/// A block that is older tells of a chain, or of nodes, that stand still.
const OLD_BLOCK: u64 = 10 * 60;

/// Pins among which one is looked for that could be sold.
const LATEST_PINS: u32 = 20;

#[derive(Template)]
#[template(path = "panel/provider/status.html")]
pub(super) struct StatusPage {
    shell: Shell,
    is_admin: bool,
    /// Does the server sell at all?
    is_set_up: bool,
    /// For markets.
    endpoint: String,
    chains: Vec<Shown>,
    fee_valid_for: String,
    settings: Vec<(&'static str, String)>,
    wallets: Vec<(Address, Timestamp)>,
    /// What a wallet signs, and until when that is good.
    text: String,
    until: Timestamp,
    /// What the steps of selling have as an example.
    pin: Option<Pin>,
}

/// A chain as the page shows it.
struct Shown {
    health: Arc<ChainHealth>,
    fee: U256,
    now: u64,
}

/// Shows the page.
pub(in super::super) async fn show(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PanelError> {
    page(&app, &member, &uri, &headers, None).await
}

/// How this server is called in texts that wallets sign: not as a request calls it, which whoever asks could choose.
pub(super) fn site(app: &App) -> String {
    app.config.server.public_url.clone().unwrap_or_else(|| format!("Tidegate {}", app.peer_id))
}

/// The page, with what went wrong.
pub(super) async fn page(
    app: &App,
    member: &Member,
    uri: &Uri,
    headers: &HeaderMap,
    problem: Option<String>,
) -> Result<Page<StatusPage>, PanelError> {
    let account = member.account;
    let known = app.db.read(move |s| {
        Box::pin(
            async move { Ok((wallets::list_wallets(s, account).await?, pin_to_sell(s, account).await?)) },
        )
    });
    let (wallets, pin) = known.await?;
    let provider = &app.config.provider;
    let now = app.clock.now();
    let shown = |health: Arc<ChainHealth>| Shown {
        fee: health.id.map_or(provider.fee_amount, |id| provider.fee(id, "")),
        now: u64::try_from(now.as_seconds()).unwrap_or_default(),
        health,
    };
    let until = now.plus(WALLET_TEXT_LIFETIME);
    Ok(Page::new(StatusPage {
        shell: member.shell(Here::Provider).with_problem(problem),
        is_admin: member.is_admin,
        is_set_up: !app.chains.is_empty(),
        endpoint: address_as_reached(app, uri, headers),
        chains: app.chains.health().await.into_iter().map(shown).collect(),
        fee_valid_for: match provider.fee_valid_for.as_secs() {
            0 => "for ever".to_owned(),
            seconds => format!("for {}", show::span(seconds)),
        },
        settings: if member.is_admin { settings(provider) } else { Vec::new() },
        wallets,
        text: wallet_text(&member.email, &site(app), until),
        until,
        pin,
    }))
}

/// What is switched on, in words. No address is told: it may hold a key.
fn settings(provider: &config::Provider) -> Vec<(&'static str, String)> {
    let set = |is_set: bool| if is_set { "set" } else { "not set" }.to_owned();
    let on = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
    let decrypters = match provider.authorized_decrypters.len() {
        0 => "everybody may have documents opened".to_owned(),
        1 => "1 address may have documents opened".to_owned(),
        more => format!("{more} addresses may have documents opened"),
    };
    vec![
        ("Metadata cache (AQUARIUS_URL)", set(provider.aquarius_url.is_some())),
        ("Policy server (RBAC_SERVER_URL)", set(provider.rbac_url.is_some())),
        ("Receipts are posted (USE_HTTP_PROOF)", on(provider.use_http_proof.is_some())),
        (
            "Receipts are sent to the chain (USE_CHAIN_PROOF)",
            on(provider.use_chain_proof && provider.use_http_proof.is_none()),
        ),
        ("AUTHORIZED_DECRYPTERS", decrypters),
        ("Gateway for content that is not here (IPFS_GATEWAY)", set(provider.ipfs_gateway.is_some())),
        ("Blocks before an order counts", provider.confirmations.to_string()),
        ("Blocks before it is remembered for good", provider.final_confirmations.to_string()),
        (
            "Broken downloads can be resumed",
            match provider.ticket_lifetime.as_secs() {
                0 => "no".to_owned(),
                seconds => format!("for {}", show::span(seconds)),
            },
        ),
    ]
}

/// The latest pin that is private, or else the latest.
async fn pin_to_sell(s: &mut Session<'_>, account: crate::db::AccountId) -> Result<Option<Pin>, DbError> {
    let query = PinQuery {
        account,
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        newest_first: true,
        offset: 0,
        limit: LATEST_PINS,
    };
    let mut pins = list_pins(s, &query).await?;
    let place = pins.iter().position(|pin| pin.pin.visibility == Visibility::Private).unwrap_or_default();
    Ok((place < pins.len()).then(|| pins.swap_remove(place)))
}

impl StatusPage {
    /// The CID in the steps of selling.
    fn cid(&self) -> &str {
        self.pin.as_ref().map_or("YOUR-CID", |pin| &pin.pin.cid)
    }

    /// A chain for the steps of selling.
    fn chain(&self) -> String {
        self.chains
            .iter()
            .find_map(|chain| chain.health.id)
            .map_or_else(|| "CHAIN".to_owned(), |id| id.to_string())
    }

    /// What a publisher encrypts: the files of a service.
    fn files(&self) -> String {
        format!(
            "{{\n  \"datatokenAddress\": \"0x… of your datatoken\",\n  \"nftAddress\": \"0x… of your data NFT\",\n  \"files\": [{{\"type\": \"ipfs\", \
             \"hash\": \"{}\"}}]\n}}",
            self.cid()
        )
    }
}

impl Shown {
    fn title(&self) -> String {
        match self.health.id {
            Some(id) if self.health.name == "Unknown" => format!("Chain {id}"),
            Some(id) => format!("{} (chain {id})", self.health.name),
            None => "The chain of NETWORK_URL".to_owned(),
        }
    }

    fn age(&self, block: &Block) -> u64 {
        self.now.saturating_sub(block.time)
    }

    /// How the chain is: the class of its badge, and the words in it.
    fn state(&self) -> (&'static str, String) {
        let (all, answering) = (self.health.nodes.len(), self.health.answering());
        match self.health.latest() {
            None => ("bad", "not answering".to_owned()),
            Some(block) if self.age(&block) > OLD_BLOCK => {
                ("wait", format!("latest block is {} old", show::span(self.age(&block))))
            }
            Some(_) if answering < all => ("wait", format!("{answering} of {all} nodes answer")),
            Some(_) => ("good", "answering".to_owned()),
        }
    }

    /// What each node said last.
    fn nodes(&self) -> Vec<String> {
        let said = self.health.nodes.iter().map(|node| match node.latest {
            Ok(block) => format!(
                "{}: block {}, {} old",
                node.position,
                show::count(block.number),
                show::span(self.age(&block))
            ),
            Err(trouble) => format!("{}: {trouble}", node.position),
        });
        said.collect()
    }

    /// What an order costs here, beside the seller's price.
    fn fee(&self) -> String {
        match (self.fee, self.health.fee_token) {
            (U256::ZERO, _) => "none".to_owned(),
            (fee, Some(token)) => format!("{fee} of the smallest unit of the token {token}"),
            (fee, None) => format!("{fee}, but no token is set: PROVIDER_FEE_TOKEN"),
        }
    }
}
