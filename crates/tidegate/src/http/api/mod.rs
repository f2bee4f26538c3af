//! Tidegate's own API under `/api/v1`: what no other dialect has words for. JSON both ways, names in camelCase.

mod account;
mod endpoints;
mod error;

pub(super) use account::show_account;
pub(super) use endpoints::{join as join_cloud, list_endpoints, report, verify};
pub(super) use error::{ApiError, method_not_allowed, not_found};
