//! Tidegate's own API.

mod account;
mod receipts;
