//! `GET /api/v1/account`: who a key belongs to, and how much they may still pin.

use axum::{Json, extract::State};
use serde::Serialize;

use super::{
    super::extract::{ANY, Owner},
    ApiError,
};
use crate::{
    app::App,
    clock::Timestamp,
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
    key: ShownKey,
}

/// The API key that was shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownKey {
    id: String,
    name: String,
    created_at: String,
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
    let date = |at: Timestamp| at.to_string();
    Ok(Json(ShownAccount {
        email: account.email,
        created_at: date(account.created_at),
        used_bytes: account.used_bytes,
        quota_bytes: account.quota_bytes.unwrap_or(app.config.limits.account_quota.as_u64()),
        key: ShownKey { id: key.id, name: key.name, created_at: date(key.created_at) },
    }))
}
