//! The pages for people, as a browser without scripts sees them.

mod jobs;
mod pins;
mod registration;
mod sessions;
mod webhooks;
