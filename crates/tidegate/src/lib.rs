//! Tidegate: one binary that pins content, serves it, and sells or grants access to it.
//!
//! Dependencies point down:
//!
//! ```text
//! doors    cli/        one file per command
//!          http/       every route; one folder per dialect
//!          jobs/       what runs in the background; one file per job
//! house    pins/       the life of a pin, and who may read what
//!          accounts/   people, keys and tokens
//!          uploads/    uploads that go on after a break
//!          usage/      what accounts and the server had and did, day by day
//!          endpoints/  one Cloud's Endpoints: who they are, who works on what
//!          pull/       bringing content in by its CID
//!          downloads/  who may have which sold file now
//!          access/     nonces and auth tokens of Ethereum addresses
//!          sources/    where sold files come from
//!          webhooks/   telling accounts what becomes of their requests
//! ground   blobs/      content on disk
//!          db/         all SQL
//!          fetch/      HTTP to where the guard allows
//!          chain/      what blockchains know
//!          cloud/      an Endpoint's Cloud: what it is asked and told
//! leaves   clock, config/, data_dir, telemetry/
//! ```
//!
//! [`app`] builds the parts, [`server`] runs them. `docs/architecture.md` tells why it is so.

pub mod access;
pub mod accounts;
pub mod app;
pub mod blobs;
pub mod chain;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod config;
pub mod data_dir;
pub mod db;
pub mod downloads;
pub mod endpoints;
pub mod fetch;
pub mod http;
pub mod jobs;
pub mod pins;
pub mod pull;
pub mod server;
pub mod sources;
pub mod telemetry;
pub mod uploads;
pub mod usage;
pub mod webhooks;
