//! Tidegate's own API.

mod account;
