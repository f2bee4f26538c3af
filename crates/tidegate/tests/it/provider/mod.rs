//! Selling access, as Ocean's clients see it: through a real server, on a chain, a metadata cache and origins of the test.

mod documents;
mod downloads;
mod fileinfo;
mod initialize;
mod leaks;
mod nonces;
mod orders;
mod outages;
mod policy;
mod private;
mod proofs;
mod refusals;
mod resume;
mod tokens;
