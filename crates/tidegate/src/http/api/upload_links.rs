//! `/api/v1/upload-links`: links that take uploads without a key. With the scope `pin` a key manages those that it made, with `admin`
//! as well those of all the account's keys.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
};
use http::{HeaderMap, StatusCode, Uri};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tidegate_content::{Profile, parse_cid};

use super::{
    super::{
        extract::{ADMIN, Owner, PIN},
        forwarded::address_as_reached,
        json_body,
        listed::cut,
        query::Query,
    },
    ApiError, Items, known_id,
};
use crate::{
    accounts::{Caller, MAX_LINK_LIFETIME, NewLink},
    app::App,
    db::{
        links::{UploadLink, list_links},
        pins::Visibility,
        scopes::Scopes,
    },
    pins::profiles_for,
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 16 << 10;
/// How long a link is good where nobody says, in seconds.
const LIFETIME: u64 = 60 * 60;
/// The most uploads that a link is for.
const MAX_USES: u64 = 1_000_000;
/// The longest name, in characters.
const NAME_CHARS: usize = 1024;
/// Links of a page where the caller does not say, and of the longest.
const LIMITS: (u64, u64) = (100, 1000);
/// Behind all ids: they are written in hexadecimal digits.
const BEHIND_ALL: &str = "g";

/// A link as its maker sees it, without the address that opens it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Link {
    id: String,
    /// The id of the key that made it.
    key: String,
    /// RFC 3339 with milliseconds, UTC, as all dates.
    created_at: String,
    expires_at: String,
    /// How many uploads it is for, and how many it took.
    uses: u64,
    used: u64,
    /// Bytes of content in one upload.
    max_size: Option<u64>,
    cid: Option<String>,
    profile: Option<String>,
    name: Option<String>,
    visibility: Option<&'static str>,
}

/// A new link. Its address is shown this once.
#[derive(Serialize)]
pub(in crate::http) struct NewlyMade {
    #[serde(flatten)]
    link: Link,
    url: String,
}

/// What the client sends. A name that is not known would be a bound that is not there, so it is refused.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Asked {
    max_size: Option<u64>,
    /// Seconds.
    expires_in: Option<u64>,
    cid: Option<String>,
    profile: Option<String>,
    name: Option<String>,
    visibility: Option<String>,
    uses: Option<u64>,
}

/// Makes a link.
pub(in crate::http) async fn add_upload_link(
    Owner(caller): Owner<PIN>,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NewlyMade>), ApiError> {
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let new = asked.check().map_err(ApiError::BadRequest)?;
    let (link, token) = app.accounts.add_link(&caller, new).await?;
    let url = format!("{}/upload/{}", address_as_reached(&app, &uri, &headers), token.expose_secret());
    Ok((StatusCode::CREATED, Json(NewlyMade { link: link.into(), url })))
}

/// Lists links, newest first, also such as have expired lately.
pub(in crate::http) async fn list_upload_links(
    Owner(caller): Owner<PIN>,
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<Items<Link>>, ApiError> {
    let query = Query::of(&uri);
    let limit = query.number("limit", LIMITS.0, 1, LIMITS.1).map_err(ApiError::BadRequest)?;
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let before = known_id(query.get("cursor").unwrap_or(BEHIND_ALL).to_owned())?;
    let (account, key) = (caller.account, only_of(&caller).map(str::to_owned));
    let read = app.db.read(move |s| {
        Box::pin(async move { list_links(s, account, key.as_deref(), &before, limit + 1).await })
    });
    let mut links = read.await?;
    let next = cut(&mut links, limit, |last| last.id.clone());
    Ok(Json(Items { items: links.into_iter().map(Link::from).collect(), next }))
}

/// Shows a link.
pub(in crate::http) async fn show_upload_link(
    Owner(caller): Owner<PIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Link>, ApiError> {
    let link = app.accounts.find_link(caller.account, only_of(&caller), &known_id(id)?).await?;
    Ok(Json(link.into()))
}

/// Removes a link, which takes nothing from then on.
pub(in crate::http) async fn remove_upload_link(
    Owner(caller): Owner<PIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.accounts.remove_link(caller.account, only_of(&caller), &known_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The key whose links alone the caller may see; nothing if they may see all.
fn only_of(caller: &Caller) -> Option<&str> {
    caller.may(Scopes::of_bits(ADMIN)).is_err().then_some(&caller.key)
}

impl From<UploadLink> for Link {
    fn from(link: UploadLink) -> Self {
        Self {
            id: link.id,
            key: link.key,
            created_at: link.created_at.to_string(),
            expires_at: link.expires_at.to_string(),
            uses: link.max_uses,
            used: link.uses,
            max_size: link.max_size,
            cid: link.cid,
            profile: link.profile,
            name: link.name,
            visibility: link.visibility.map(Visibility::as_str),
        }
    }
}

impl Asked {
    fn check(self) -> Result<NewLink, String> {
        let lifetime = Duration::from_secs(self.expires_in.unwrap_or(LIFETIME));
        if lifetime.is_zero() || lifetime > MAX_LINK_LIFETIME {
            return Err(format!(
                "The field expiresIn: it is a number of seconds, from 1 to {}",
                MAX_LINK_LIFETIME.as_secs()
            ));
        }
        let max_uses = self.uses.unwrap_or(1);
        if !(1..=MAX_USES).contains(&max_uses) {
            return Err(format!("The field uses: it is a number from 1 to {MAX_USES}"));
        }
        if self.max_size.is_some_and(|size| i64::try_from(size).is_err()) {
            return Err("The field maxSize: it is a number of bytes".to_owned());
        }
        if let Some(text) = &self.cid {
            let cid = parse_cid(text).map_err(|error| format!("The field cid: {error}"))?;
            if profiles_for(&cid).is_empty() {
                return Err("The field cid: an uploaded file has a CID of DAG-PB or raw bytes with SHA-256"
                    .to_owned());
            }
        }
        if self.profile.as_deref().is_some_and(|name| Profile::by_name(name).is_none()) {
            let names: Vec<_> = Profile::ALL.iter().map(Profile::name).collect();
            return Err(format!("The field profile: it is one of {}", names.join(", ")));
        }
        let is_bad = |name: &String| name.chars().count() > NAME_CHARS || name.contains('\0');
        if self.name.as_ref().is_some_and(is_bad) {
            return Err(format!("The field name: it has {NAME_CHARS} characters at most, and not U+0000"));
        }
        let visibility = self.visibility.map(|word| {
            Visibility::by_name(&word)
                .ok_or_else(|| "The field visibility: it is one of public, private".to_owned())
        });
        Ok(NewLink {
            lifetime,
            max_uses,
            max_size: self.max_size,
            cid: self.cid,
            profile: self.profile,
            name: self.name.filter(|name| !name.is_empty()),
            visibility: visibility.transpose()?,
        })
    }
}
