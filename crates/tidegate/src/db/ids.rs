//! Row ids with a type of their own, so that an account's cannot be passed where a pin's is meant.

use std::fmt;

use super::value::{FromValue, Value};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                Self::Int(id.0)
            }
        }

        impl FromValue for $name {
            fn from_value(value: &Value) -> Option<Self> {
                i64::from_value(value).map(Self)
            }
        }
    };
}

id! {
    /// An account.
    AccountId
}
id! {
    /// A stored content: one archive.
    ContentId
}
id! {
    /// A pin: one account's wish to keep one content.
    PinId
}
id! {
    /// A receipt.
    ReceiptId
}
id! {
    /// An Endpoint of this Cloud.
    EndpointId
}

/// The SHA-256 of a token, which is kept in its place.
pub type TokenHash = [u8; 32];
