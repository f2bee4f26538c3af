//! What people and programs see that speak Decoo's API.

mod archives;
mod browsers;
mod claims;
mod cloud;
mod content;
mod forms;
mod from_s3;
mod limits;
mod lists;
mod sharing;
mod store;
mod unpin;
mod visibility;
mod wire;
