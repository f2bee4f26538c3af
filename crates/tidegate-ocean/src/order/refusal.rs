//! Why an order does not count.

use alloy_primitives::{Address, B256, U256};
use thiserror::Error;

use super::ONE_DATATOKEN;

/// Why an order does not count, in the reference's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OrderRefusal {
    /// The transaction failed.
    #[error("order transaction failed.")]
    Failed,
    /// No fee was paid for this service of this datatoken.
    #[error("Cannot find the event for the provider fee in tx id {tx}.")]
    NoFee {
        /// The transaction asked about.
        tx: B256,
    },
    /// The fee went to another Provider.
    #[error("The providerFeeAddress {event} in the event does not match the provider address {provider}")]
    FeeToAnother {
        /// Who got it.
        event: Address,
        /// Who should have.
        provider: Address,
    },
    /// The reused order is not known.
    #[error("Failed to get tx receipt referenced in OrderReused..")]
    NoOriginal,
    /// The reused order's transaction failed.
    #[error("order referenced in OrderReused failed.")]
    OriginalFailed,
    /// No order of this service.
    #[error("Cannot find the event for the order transaction with tx id {tx}.")]
    NoOrder {
        /// The transaction asked about.
        tx: B256,
    },
    /// Less than a datatoken was paid.
    #[error(
        "The amount in the event is less than the amount requested. requested: amount={ONE_DATATOKEN} \
         event: amount={event}"
    )]
    Amount {
        /// What was paid.
        event: U256,
    },
    /// Neither the consumer nor the payer asks.
    #[error("sender of order transaction is not the consumer/payer.")]
    NotTheBuyer,
    /// The fee's signature does not verify.
    #[error("Provider was not able to check the signed message in ProviderFees event")]
    FeeNotSigned,
    /// The service's timeout is over. Seconds, since 1970 where they are a time.
    #[error(
        "The order has expired. current timestamp={now}.0 order timestamp={at} timestamp delta={}.0 \
         service timeout={timeout}", now.saturating_sub(*at)
    )]
    Expired {
        /// The time.
        now: u64,
        /// When it was ordered or used again.
        at: u64,
        /// How long an order is good.
        timeout: u64,
    },
    /// The time for which the fee was paid is over.
    #[error("Ordered c2d time was exceeded, check validUntil.")]
    FeeExpired,
}

impl OrderRefusal {
    /// Of two refusals the one that came closer to an order that counts, since it says most about what is wrong.
    pub(super) fn or_closer(self, other: Self) -> Self {
        if other.distance() < self.distance() { other } else { self }
    }

    /// How many checks were still to come.
    fn distance(&self) -> u8 {
        match self {
            Self::Failed => 10,
            Self::NoFee { .. } => 9,
            Self::FeeToAnother { .. } => 8,
            Self::NoOriginal => 7,
            Self::OriginalFailed => 6,
            Self::NoOrder { .. } => 5,
            Self::Amount { .. } => 4,
            Self::NotTheBuyer => 3,
            Self::FeeNotSigned => 2,
            Self::Expired { .. } => 1,
            Self::FeeExpired => 0,
        }
    }
}
