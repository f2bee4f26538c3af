//! Uploads that go on after a break.

mod crash;
mod ends;
mod protocol;
mod room;
mod sharing;
mod steals;
