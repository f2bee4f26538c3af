//! Tidegate's own API under `/api/v1`: what no other dialect has words for. JSON both ways, names in camelCase.

mod account;
mod error;
mod webhooks;

pub(super) use account::show_account;
pub(super) use error::{ApiError, method_not_allowed, not_found};
pub(super) use webhooks::{
    change_webhook, create_webhook, delete_webhook, list_deliveries, list_webhooks, ping_webhook, redeliver,
    rotate_webhook_secret, show_webhook, show_webhook_secret,
};
