//! The pages for people, as a browser without scripts sees them.

mod registration;
mod sessions;
mod upload;
