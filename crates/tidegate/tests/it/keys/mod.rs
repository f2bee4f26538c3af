//! API keys that are not good for everything.

mod scopes;
