//! Content by its id, as browsers and clients that check for themselves ask for it.

mod archives;
mod files;
mod forms;
mod hidden;
mod paths;
mod ranges;
mod sandbox;
