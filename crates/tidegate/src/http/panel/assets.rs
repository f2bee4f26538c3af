//! What pages load: style and scripts, all of it in the binary. The address has a hash of all of them, so that browsers may keep them
//! for good, and modules find each other beside themselves.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header};
use tidegate_content::sha256;

use super::PanelError;

const CSS: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($name:literal: $kind:expr),+ $(,)?) => {
        [$(($name, $kind, include_bytes!(concat!("../../../assets/panel/", $name)) as &[u8])),+]
    };
}

/// Each with its name, its kind and its bytes.
const ASSETS: &[(&str, &str, &[u8])] = &assets![
    "copy.js": MODULE,
    "icon.svg": SVG,
    "menu.js": MODULE,
    "panel.css": CSS,
    "tidegate-sdk.js": MODULE,
    "upload-chosen.js": MODULE,
    "upload-hash.js": MODULE,
    "upload-item.js": MODULE,
    "upload-row.js": MODULE,
    "upload-session.js": MODULE,
    "upload-shelf.js": MODULE,
    "upload-words.js": MODULE,
    "upload-worker.js": MODULE,
    "upload.js": MODULE,
    "wallet.js": MODULE,
];

/// A hash of all of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let parts: Vec<&[u8]> = ASSETS.iter().flat_map(|(name, _, bytes)| [name.as_bytes(), *bytes]).collect();
    hex::encode(&sha256(&parts)[..8])
});

const CACHING: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));

/// Where pages find the asset of this name.
pub(super) fn address(name: &str) -> String {
    format!("/panel/assets/{}/{name}", *VERSION)
}

/// Gives an asset. One of another version is not here: the page that asks for it is an old one.
pub(super) async fn show(Path((version, name)): Path<(String, String)>) -> Result<Response, PanelError> {
    let found = ASSETS.iter().find(|(known, ..)| *known == name).filter(|_| version == *VERSION);
    let (_, kind, bytes) = *found.ok_or(PanelError::NotFound)?;
    Ok(([CACHING, (header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response())
}
