//! The data layer, each story on both engines.

mod contents;
mod keys;
mod opening;
mod pins;
mod provider;
mod sqlite_batches;
mod transactions;
