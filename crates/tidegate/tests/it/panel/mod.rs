//! The pages for people, as a browser without scripts sees them.

mod admin;
mod endpoints;
mod logs;
mod registration;
mod sessions;
mod settings;
mod storage;
mod usage;
