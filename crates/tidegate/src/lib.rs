//! Tidegate.

pub mod accounts;
pub mod clock;
pub mod db;
