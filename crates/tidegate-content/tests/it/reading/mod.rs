//! What was imported, read back: paths, ranges, listings, archives and downloads.

mod archives;
mod downloads;
mod files;
mod hamt;
mod missing;
mod paths;
mod store;
