//! `GET /api/v1/account`: who a key belongs to, and how much they may still pin.

use axum::{Json, extract::State};
use serde::Serialize;

use super::{
    super::extract::{ANY, Owner},
    ApiError,
    keys::Key,
};
use crate::{
    app::App,
    db::{accounts, keys},
};

/// An account as its owner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ShownAccount {
    email: String,
    /// RFC 3339 with milliseconds, UTC.
    created_at: String,
    /// Bytes of content pinned, each root counted once.
    used_bytes: u64,
    /// Bytes of content that may be pinned.
    quota_bytes: u64,
    /// The API key that was shown.
    key: Key,
}

/// Shows the caller's account and key.
pub(in crate::http) async fn show_account(
    Owner(caller): Owner<ANY>,
    State(app): State<App>,
) -> Result<Json<ShownAccount>, ApiError> {
    let (id, key_id) = (caller.account, caller.key);
    let (account, key) = app
        .db
        .read(move |s| {
            Box::pin(async move {
                Ok((accounts::find_account(s, id).await?, keys::find_api_key(s, &key_id).await?))
            })
        })
        .await?;
    // Either may have gone since the key was checked.
    let (account, key) = account.zip(key).ok_or(ApiError::Unauthorized)?;
    Ok(Json(ShownAccount {
        email: account.email,
        created_at: account.created_at.to_string(),
        used_bytes: account.used_bytes,
        quota_bytes: account.quota_bytes.unwrap_or(app.config.limits.account_quota.as_u64()),
        key: Key::of(&app, key)?,
    }))
}
