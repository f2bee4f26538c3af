//! What tests stand on: databases of their own.

pub mod binary;
pub mod databases;
pub mod postgres;
