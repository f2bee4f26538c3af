//! What keeps a signed request from being used twice, and what is given in exchange for one. No routes and no signatures here.
//!
//! ```text
//! nonces   each address's nonces, accepted once each
//! import   what the Python Provider's nonces mean here
//! recent   the last nonces, remembered so that reading them needs no database
//! tokens   auth tokens: made, read, revoked
//! ```

mod import;
mod nonces;
mod recent;
mod tokens;

pub use import::{TakenOver, take_over};
pub use nonces::{NonceRefusal, Nonces, Raised};
pub use tokens::{AuthTokens, Claims, IssueError, TokenRefusal};
