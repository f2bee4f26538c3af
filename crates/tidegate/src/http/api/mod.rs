//! Tidegate's own API under `/api/v1`: what no other dialect has words for. JSON both ways, names in camelCase.

mod account;
mod endpoints;
mod error;
mod keys;
mod receipts;
mod upload;
mod upload_links;
pub(super) mod uploads;
mod webhooks;

use serde::Serialize;

pub(super) use account::show_account;
pub(super) use endpoints::{join as join_cloud, list_endpoints, report, verify};
pub(super) use error::{ApiError, method_not_allowed, not_found};
pub(super) use keys::{add_key, change_key, list_keys, revoke_key, rotate_key, show_key};
pub(super) use receipts::{list_receipts, show_receipt, verify_receipt};
pub(super) use upload::{post_upload, put_upload};
pub(super) use upload_links::{add_upload_link, list_upload_links, remove_upload_link, show_upload_link};
pub(super) use webhooks::{
    change_webhook, create_webhook, delete_webhook, list_deliveries, list_webhooks, ping_webhook, redeliver,
    rotate_webhook_secret, show_webhook, show_webhook_secret,
};

/// A page of a list.
#[derive(Serialize)]
pub(super) struct Items<T> {
    items: Vec<T>,
    /// What to ask for as `cursor` to see more; `null` at the end.
    next: Option<String>,
}

/// An id from a path, unless no id of ours has such characters, which no database takes.
fn known_id(id: String) -> Result<String, ApiError> {
    if id.contains('\0') { Err(ApiError::NotFound("There is nothing of this id".to_owned())) } else { Ok(id) }
}
