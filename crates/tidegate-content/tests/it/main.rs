//! The crate as its users see it.

#![allow(clippy::unwrap_used)]

mod directory;
mod import;
mod reading;
mod support;
mod vectors;
