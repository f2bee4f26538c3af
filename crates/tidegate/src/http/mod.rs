//! The HTTP doors: `router.rs` lists every route, each dialect has a folder, `layers/` wraps them all.
//!
//! Nothing outside this folder (but the server that runs it) knows axum.

mod error;
mod extract;
mod gateway;
mod layers;
mod multipart;
mod ops;
mod pinning;
mod router;

pub use router::router;
