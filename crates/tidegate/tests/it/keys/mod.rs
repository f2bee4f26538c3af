//! API keys that are not good for everything, and links that stand for one.

mod links;
mod managing;
mod rotating;
mod scopes;
mod terms;
