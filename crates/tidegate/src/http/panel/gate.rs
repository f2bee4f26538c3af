//! How often somebody may try to sign in or to register. Tries of one account are counted twice: those from one network, and, more
//! generously, those from everywhere, so that nobody can keep the owner out from afar with little effort.

use std::net::IpAddr;

use super::super::{
    throttle::{Throttle, TooOften, network_of},
    visit::Visit,
};
use crate::clock::Clock;

pub(super) struct Gate {
    clock: Clock,
    from_one_network: Throttle<(String, IpAddr)>,
    from_everywhere: Throttle<String>,
    registrations: Throttle<IpAddr>,
}

impl Gate {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            from_one_network: Throttle::new(1.0 / 30.0, 10.0),
            from_everywhere: Throttle::new(1.0 / 5.0, 100.0),
            registrations: Throttle::new(1.0 / 60.0, 20.0),
        }
    }

    /// Somebody is about to say that they are `email`.
    ///
    /// # Errors
    /// Too often.
    pub(super) fn try_email(&self, email: &str, visit: &Visit) -> Result<(), TooOften> {
        let (email, now) = (email.trim().to_lowercase(), self.clock.now());
        self.from_one_network.take((email.clone(), network_of(visit.caller())), 1, now)?;
        self.from_everywhere.take(email, 1, now)?;
        Ok(())
    }

    /// Somebody is about to register.
    ///
    /// # Errors
    /// Too often.
    pub(super) fn try_to_register(&self, visit: &Visit) -> Result<(), TooOften> {
        self.registrations.take(network_of(visit.caller()), 1, self.clock.now()).map(drop)
    }
}
