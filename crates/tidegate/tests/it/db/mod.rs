//! The data layer, each story on both engines.

mod contents;
mod jobs;
mod keys;
mod opening;
mod pins;
mod provider;
mod sales;
mod sqlite_batches;
mod transactions;
mod usage;
