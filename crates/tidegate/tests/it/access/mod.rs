//! Nonces and auth tokens, each story on both engines.

mod crash;
mod nonces;
mod tokens;
