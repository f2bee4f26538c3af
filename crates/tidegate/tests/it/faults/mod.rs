//! Broken on purpose: clients, disks, databases, and the process itself.

mod clients;
mod collection;
mod crash;
mod database;
mod disk;
mod leftovers;
