//! Ocean Protocol's documents and rules: what was signed, which order pays for which service, which nonce is next.
//!
//! Everything here is a pure function of facts that the caller brings: no network, no clock, no database. The crate
//! is a place kept for those rules; the server answers no Ocean route yet.
