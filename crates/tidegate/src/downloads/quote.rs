//! What access costs: our fee for an order, signed so that the contract takes it.

use std::time::Duration;

use tidegate_ocean::{Address, FeeQuote, ProviderFee, U256};

use super::{Downloads, grant::Offer};
use crate::{chain::ChainError, clock::Timestamp};

impl Downloads {
    /// Our fee for an order of `offer` now. It is good until `wanted_until` (seconds since 1970), if that is within what
    /// the operator allows; `environment` is repeated in it. It is noted that somebody asked.
    ///
    /// # Errors
    /// The operator wants a fee and has not said in which token.
    pub fn quote(
        &self,
        offer: &Offer,
        environment: Option<&str>,
        wanted_until: Option<u64>,
        now: Timestamp,
    ) -> Result<ProviderFee, ChainError> {
        let (chain, service) = (&offer.chain, offer.service());
        let amount = self.settings.fee(chain.id(), &service.id);
        let token = match chain.fee_token() {
            // A fee of nothing can be paid in any token.
            Err(_) if amount == U256::ZERO => Address::ZERO,
            token => token?,
        };
        let now = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or_default());
        let quote = FeeQuote {
            token,
            amount,
            valid_until: valid_until(self.settings.fee_valid_for, wanted_until, now),
            datatoken: service.datatoken,
            service_id: &service.id,
            environment,
            now,
        };
        self.shelf.note(offer);
        Ok(ProviderFee::quote(chain.key(), &quote))
    }
}

/// For ever (0) where the operator sets no limit; else as long as asked, but no longer than that limit.
fn valid_until(limit: Duration, wanted: Option<u64>, now: Duration) -> u64 {
    if limit.is_zero() {
        return 0;
    }
    let latest = now.saturating_add(limit).as_secs();
    wanted.filter(|wanted| *wanted > now.as_secs()).map_or(latest, |wanted| wanted.min(latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_fee_that_is_good_for_longer_than_the_operator_allows() {
        let now = Duration::from_secs(1000);
        for (limit, wanted, expected) in [
            (0, None, 0),
            (0, Some(1500), 0),
            (600, None, 1600),
            (600, Some(1500), 1500),
            (600, Some(2000), 1600),
            (600, Some(0), 1600),
            (600, Some(1000), 1600),
        ] {
            assert_eq!(valid_until(Duration::from_secs(limit), wanted, now), expected, "{limit} {wanted:?}");
        }
    }
}
