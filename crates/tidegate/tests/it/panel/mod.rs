//! The pages for people, as a browser without scripts sees them.

mod provider;
mod registration;
mod sessions;
