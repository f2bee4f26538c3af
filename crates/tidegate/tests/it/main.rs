//! The integration tests: one binary, one module per area.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod access;
mod accounts;
mod api;
mod chain;
mod cli;
mod db;
mod docs;
mod endpoints;
mod faults;
mod fetch;
mod gateway;
mod keys;
mod limits;
mod ops;
mod panel;
mod pinata;
mod pinning;
mod provider;
mod psa;
mod pull;
mod sources;
mod support;
mod uploads;
mod webhooks;
