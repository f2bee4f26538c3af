//! API → API JWT: the account's key, more keys and what each is good for, and how they are used.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    super::{
        super::{forwarded::address_as_reached, query::Query},
        Form, Here, Member, Page, PanelError, SeeOther, Shell, show,
    },
    HELLO_CID, Overlap,
};
use crate::{
    accounts::{AccountError, ShownKey},
    app::App,
    clock::Timestamp,
    config::Role,
    db::{
        keys::{ApiKey, KeyTerms},
        scopes::{Scope, Scopes},
    },
};

const PAGE: &str = "/panel/api/jwt";

/// When a new key may end, in days from now; zero for never.
const ENDS: &[(u32, &str)] = &[
    (0, "never"),
    (1, "in a day"),
    (7, "in 7 days"),
    (30, "in 30 days"),
    (90, "in 90 days"),
    (365, "in a year"),
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Template)]
#[template(path = "panel/jwt.html")]
struct JwtPage {
    shell: Shell,
    /// The key that the account is shown as its own.
    main: Option<Token>,
    /// Another one that somebody wants to see.
    shown: Option<Token>,
    keys: Vec<Row>,
    new: NewKey,
    private_key: Option<SecretString>,
    /// Where the account is.
    address: String,
    /// Where content is sent, as a shell reads it.
    uploads: String,
    /// Whether that is another server.
    is_split: bool,
}

/// A key that is shown as such.
struct Token {
    id: String,
    name: String,
    prefix: String,
    token: SecretString,
}

/// A key in the list.
struct Row {
    id: String,
    name: String,
    prefix: String,
    scopes: String,
    name_prefix: Option<String>,
    ends: Option<Timestamp>,
    uses: u64,
    max_uses: Option<u64>,
    last_used: Option<Timestamp>,
    created: Timestamp,
    is_replaced: bool,
}

/// What is said of a new key.
#[derive(Deserialize)]
pub(in super::super) struct NewKey {
    name: String,
    #[serde(default)]
    read: Option<String>,
    #[serde(default)]
    pin: Option<String>,
    #[serde(default)]
    unpin: Option<String>,
    #[serde(default)]
    admin: Option<String>,
    #[serde(default)]
    days: u32,
    #[serde(default)]
    max_uses: String,
    #[serde(default)]
    name_prefix: String,
}

/// A scope that may be chosen.
struct Choice {
    name: &'static str,
    what: &'static str,
    is_on: bool,
}

/// Shows the keys, and one of them as it is where `show` has its id.
pub(in super::super) async fn show(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, PanelError> {
    let shell = member.shell(Here::ApiJwt);
    let address = address_as_reached(&app, &uri, &headers);
    let mut page = JwtPage::of(&app, &member, shell, address, NewKey::default()).await?;
    if let Some(id) = Query::of(&uri).text("show") {
        let key = app.accounts.find_api_key(member.account, &id).await?;
        page.shown = Some(Token::of(&app, key)?);
    }
    Ok(Page::new(page).into_response())
}

/// Makes a key and shows it.
pub(in super::super) async fn add(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    Form(new): Form<NewKey>,
) -> Result<Response, PanelError> {
    let added = match new.terms(app.clock.now()) {
        Ok(terms) => app.accounts.add_api_key(member.account, &new.name, terms).await,
        Err(error) => Err(error),
    };
    match added {
        Ok((key, _)) => {
            Ok(to_key(&key.id).saying(&format!("The key “{}” is made.", key.name)).into_response())
        }
        Err(error) => {
            let shell = member.shell(Here::ApiJwt).with_problem(PanelError::from(error).into_words()?);
            let address = address_as_reached(&app, &uri, &headers);
            let page = JwtPage::of(&app, &member, shell, address, new).await?;
            Ok(Page::new(page).with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Makes a key in place of one and shows it.
pub(in super::super) async fn rotate(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
    Form(overlap): Form<Overlap>,
) -> Result<SeeOther, PanelError> {
    let rotated = app.accounts.rotate_api_key(member.account, &id, overlap.duration()).await?;
    let old = match rotated.old_until {
        Some(until) => format!("The old one is good until {}.", show::moment(until)),
        None => "The old one has ended.".to_owned(),
    };
    Ok(to_key(&rotated.key.id).saying(&format!("There is a new key “{}”. {old}", rotated.key.name)))
}

/// Ends a key.
pub(in super::super) async fn revoke(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    app.accounts.revoke_api_key_by_id(member.account, &id).await?;
    Ok(SeeOther::to(PAGE).saying("The key is revoked."))
}

fn to_key(id: &str) -> SeeOther {
    SeeOther::to(format!("{PAGE}?show={id}#shown"))
}

impl JwtPage {
    async fn of(
        app: &App,
        member: &Member,
        shell: Shell,
        address: String,
        new: NewKey,
    ) -> Result<Self, PanelError> {
        let now = app.clock.now();
        let keys = app.accounts.live_api_keys(member.account).await?;
        let main = app.accounts.main_of(&keys).cloned().map(|key| Token::of(app, key)).transpose()?;
        let is_good = |key: &ApiKey| key.terms.expires_at.is_none_or(|end| now < end);
        let keys = keys.into_iter().filter(is_good).map(|key| Row::of(app, key));
        let mut keys: Vec<Row> = keys.collect::<Result<_, _>>()?;
        keys.sort_by_key(|key| key.is_replaced);
        let credentials = app.accounts.show(member.account).await?;
        let endpoint = match app.config.server.role {
            Role::Cloud => app.endpoints.live().await?.into_iter().next().map(|endpoint| endpoint.says.url),
            _ => None,
        };
        let is_split = endpoint.is_some();
        let uploads = endpoint.unwrap_or_else(|| "$TIDEGATE_URL".to_owned());
        let private_key = credentials.rsa_private_key;
        Ok(Self { shell, main, shown: None, keys, new, private_key, address, uploads, is_split })
    }
}

impl Token {
    fn of(app: &App, key: ApiKey) -> Result<Self, AccountError> {
        let token = app.accounts.reveal(&key)?;
        let ShownKey { key, prefix } = app.accounts.shown(key)?;
        Ok(Self { id: key.id, name: key.name, prefix, token })
    }
}

impl Row {
    fn of(app: &App, key: ApiKey) -> Result<Self, AccountError> {
        let ShownKey { key, prefix } = app.accounts.shown(key)?;
        let scopes: Vec<_> = key.terms.scopes.iter().map(Scope::as_str).collect();
        Ok(Self {
            id: key.id,
            name: key.name,
            prefix,
            scopes: scopes.join(", "),
            name_prefix: key.terms.name_prefix,
            ends: key.terms.expires_at,
            uses: key.uses,
            max_uses: key.terms.max_uses,
            last_used: key.last_used_at,
            created: key.created_at,
            is_replaced: key.replaced_by.is_some(),
        })
    }
}

impl NewKey {
    /// What it is to be good for. Without a scope it would be good for nothing.
    fn terms(&self, now: Timestamp) -> Result<KeyTerms, AccountError> {
        let scopes: Scopes = Scope::ALL.into_iter().filter(|scope| self.has(*scope)).collect();
        if scopes.iter().next().is_none() {
            return Err(AccountError::NoScope);
        }
        let max_uses = match self.max_uses.trim() {
            "" => None,
            number => Some(number.parse().map_err(|_| AccountError::BadMaxUses)?),
        };
        Ok(KeyTerms {
            scopes,
            expires_at: (self.days > 0).then(|| now.plus(DAY.saturating_mul(self.days))),
            max_uses,
            name_prefix: Some(self.name_prefix.clone()).filter(|prefix| !prefix.is_empty()),
        })
    }

    fn has(&self, scope: Scope) -> bool {
        let field = match scope {
            Scope::Read => &self.read,
            Scope::Pin => &self.pin,
            Scope::Unpin => &self.unpin,
            Scope::Admin => &self.admin,
        };
        field.is_some()
    }

    fn scopes(&self) -> [Choice; 4] {
        Scope::ALL.map(|scope| Choice {
            name: scope.as_str(),
            what: match scope {
                Scope::Read => "see lists, requests and what became of them",
                Scope::Pin => "upload, and ask for content by its CID",
                Scope::Unpin => "remove pins and requests",
                Scope::Admin => "manage keys, webhooks and what belongs to other keys",
            },
            is_on: self.has(scope),
        })
    }
}

/// What most keys are for.
impl Default for NewKey {
    fn default() -> Self {
        let on = || Some("on".to_owned());
        Self {
            name: String::new(),
            read: on(),
            pin: on(),
            unpin: None,
            admin: None,
            days: 0,
            max_uses: String::new(),
            name_prefix: String::new(),
        }
    }
}
