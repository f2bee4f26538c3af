//! `/api/v1/keys`: an account's API keys and what each is good for. All of it wants the scope `admin`.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
};
use http::StatusCode;
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    super::{
        extract::{ADMIN, Owner},
        json_body,
        moment::Moment,
    },
    ApiError, Items, known_id,
};
use crate::{
    accounts::{Rotated, ShownKey},
    app::App,
    clock::Timestamp,
    db::{
        keys::{ApiKey, KeyTerms},
        scopes::{Scope, Scopes},
    },
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 16 << 10;

/// A key as its account sees it, without the key itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Key {
    id: String,
    name: String,
    /// The eight characters behind the last dot of the key.
    prefix: String,
    scopes: Vec<&'static str>,
    /// RFC 3339 with milliseconds, UTC, as all dates.
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// To about a minute.
    last_used_at: Option<String>,
    max_uses: Option<u64>,
    /// Counted where there is a `maxUses`.
    uses: u64,
    name_prefix: Option<String>,
    /// The id of the key that has its name now.
    replaced_by: Option<String>,
}

/// A new key. It is shown this once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct NewKey {
    #[serde(flatten)]
    key: Key,
    api_key: String,
}

/// A new key in place of another.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct RotatedKey {
    #[serde(flatten)]
    key: NewKey,
    /// Until when the other is good, too; absent where it is revoked.
    old_until: Option<String>,
}

/// How long the old key stays good, in seconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Overlap {
    #[serde(default = "a_day")]
    overlap: u64,
}

fn a_day() -> u64 {
    24 * 60 * 60
}

/// What the client sends. A name that is not known would be a bound that is not there, so it is refused.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::http) struct Asked {
    name: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(deserialize_with = "said")]
    expires_at: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    max_uses: Option<Option<u64>>,
    #[serde(deserialize_with = "said")]
    name_prefix: Option<Option<String>>,
}

/// Lists the account's keys that are not revoked.
pub(in crate::http) async fn list_keys(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
) -> Result<Json<Items<Key>>, ApiError> {
    let keys = app.accounts.live_api_keys(caller.account).await?;
    // No page is needed: an account has a hundred at most.
    let items = keys.into_iter().map(|key| Key::of(&app, key)).collect::<Result<_, _>>()?;
    Ok(Json(Items { items, next: None }))
}

/// Makes a key.
pub(in crate::http) async fn add_key(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    body: Body,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let name = asked.name.clone().ok_or_else(|| wrong("name", "it is missing"))?;
    let mut terms = KeyTerms::default();
    asked.change()?.apply(&mut terms);
    let (key, token) = app.accounts.add_api_key(caller.account, &name, terms).await?;
    let new = NewKey { key: Key::of(&app, key)?, api_key: token.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(new)))
}

/// Shows a key, revoked or not.
pub(in crate::http) async fn show_key(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Key>, ApiError> {
    let key = app.accounts.find_api_key(caller.account, &known_id(id)?).await?;
    Ok(Json(Key::of(&app, key)?))
}

/// Changes what a key is good for, at once; what is not said stays.
pub(in crate::http) async fn change_key(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Key>, ApiError> {
    let id = known_id(id)?;
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    if asked.name.is_some() {
        return Err(wrong("name", "a key keeps its name"));
    }
    let change = asked.change()?;
    let change = move |terms: &mut KeyTerms| change.apply(terms);
    let key = app.accounts.change_api_key(caller.account, &id, change).await?;
    Ok(Json(Key::of(&app, key)?))
}

/// Makes a key in place of one, which stays good for a while.
pub(in crate::http) async fn rotate_key(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<RotatedKey>), ApiError> {
    let id = known_id(id)?;
    let asked: Overlap = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let overlap = Duration::from_secs(asked.overlap);
    let Rotated { key, token, old_until } = app.accounts.rotate_api_key(caller.account, &id, overlap).await?;
    let key = NewKey { key: Key::of(&app, key)?, api_key: token.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(RotatedKey { key, old_until: old_until.map(|at| at.to_string()) })))
}

/// Revokes a key, at once and for good.
pub(in crate::http) async fn revoke_key(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.accounts.revoke_api_key_by_id(caller.account, &known_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Key {
    pub(super) fn of(app: &App, key: ApiKey) -> Result<Self, ApiError> {
        let ShownKey { key, prefix } = app.accounts.shown(key)?;
        let date = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Ok(Self {
            id: key.id,
            name: key.name,
            prefix,
            scopes: key.terms.scopes.iter().map(Scope::as_str).collect(),
            created_at: key.created_at.to_string(),
            expires_at: date(key.terms.expires_at),
            revoked_at: date(key.revoked_at),
            last_used_at: date(key.last_used_at),
            max_uses: key.terms.max_uses,
            uses: key.uses,
            name_prefix: key.terms.name_prefix,
            replaced_by: key.replaced_by,
        })
    }
}

/// What is to become of a key's terms; `None` where nothing was said.
struct Change {
    scopes: Option<Scopes>,
    expires_at: Option<Option<Timestamp>>,
    max_uses: Option<Option<u64>>,
    name_prefix: Option<Option<String>>,
}

impl Asked {
    fn change(self) -> Result<Change, ApiError> {
        let scopes = self.scopes.map(|words| {
            let scopes = Scopes::parse(&words.join(" "));
            scopes.ok_or_else(|| wrong("scopes", "it is a list of some of read, pin, unpin and admin"))
        });
        let moment = |text: String| {
            let moment = Moment::parse(&text).map(Moment::not_before);
            moment.ok_or_else(|| wrong("expiresAt", "it is a date like 2030-08-25T04:53:45Z, or null"))
        };
        Ok(Change {
            scopes: scopes.transpose()?,
            expires_at: self.expires_at.map(|at| at.map(moment).transpose()).transpose()?,
            max_uses: self.max_uses,
            name_prefix: self.name_prefix,
        })
    }
}

impl Change {
    fn apply(self, terms: &mut KeyTerms) {
        let KeyTerms { scopes, expires_at, max_uses, name_prefix } = terms;
        if let Some(said) = self.scopes {
            *scopes = said;
        }
        if let Some(said) = self.expires_at {
            *expires_at = said;
        }
        if let Some(said) = self.max_uses {
            *max_uses = said;
        }
        if let Some(said) = self.name_prefix {
            *name_prefix = said;
        }
    }
}

/// Tells `null`, which takes a bound away, from a field that is not there.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}

fn wrong(field: &str, problem: &str) -> ApiError {
    ApiError::BadRequest(format!("The field {field}: {problem}"))
}
