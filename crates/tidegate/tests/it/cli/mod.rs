//! The commands, run as people run them: the real binary, a real server, real files.

mod accounts;
mod cid;
mod environment;
mod forged;
mod import_nonces;
mod pin_and_get;
mod receipts;
mod resume;
mod unpin;
mod upkeep;
mod wallets;
