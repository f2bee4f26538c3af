//! A request as somebody's visit: where they come from, what their key is called in the log, and whether they come too often.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::throttle::{Level, Throttle, TooOften, network_of};
use crate::{accounts::Caller, clock::Clock, config::Config};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What visits are counted by.
pub(super) struct Gates {
    clock: Clock,
    pub(super) proxies: Vec<IpNet>,
    addresses: Throttle<IpAddr>,
    failures: Throttle<IpAddr>,
    keys: Throttle<String>,
}

impl Gates {
    pub(super) fn new(config: &Config, clock: Clock) -> Self {
        let limits = &config.limits;
        Self {
            clock,
            proxies: config.server.trusted_proxies.clone(),
            addresses: Throttle::per_minute(limits.requests_per_address),
            failures: Throttle::per_minute(limits.failures_per_address),
            keys: Throttle::per_minute(limits.requests_per_key),
        }
    }
}

/// See the module's documentation. A request carries it as an extension.
#[derive(Clone)]
pub(super) struct Visit(Arc<Inner>);

struct Inner {
    gates: Arc<Gates>,
    caller: IpAddr,
    key: OnceLock<String>,
    level: OnceLock<Level>,
}

impl Visit {
    pub(super) fn new(gates: &Arc<Gates>, caller: IpAddr) -> Self {
        let gates = Arc::clone(gates);
        Self(Arc::new(Inner { gates, caller, key: OnceLock::new(), level: OnceLock::new() }))
    }

    /// The address that the request was sent from, as far as it can be believed.
    pub(super) fn caller(&self) -> IpAddr {
        self.0.caller
    }

    /// Somebody comes, whoever it is.
    ///
    /// # Errors
    /// Too often from this address.
    pub(super) fn knock(&self) -> Result<(), TooOften> {
        let Some(address) = self.counted() else { return Ok(()) };
        self.note(self.0.gates.addresses.take(address, 1, self.0.gates.clock.now()).map(drop))
    }

    /// Somebody is about to show a key, a token or a link.
    ///
    /// # Errors
    /// Too many from this address were not good.
    pub(super) fn try_key(&self) -> Result<(), TooOften> {
        let Some(address) = self.counted() else { return Ok(()) };
        self.note(self.0.gates.failures.look(&address, self.0.gates.clock.now()))
    }

    /// What they showed is not good.
    pub(super) fn failed(&self) {
        if let Some(address) = self.counted() {
            // Whether it was the last one is asked before the next.
            let _ = self.0.gates.failures.take(address, 1, self.0.gates.clock.now());
        }
    }

    /// They are this caller.
    ///
    /// # Errors
    /// Too often with this key.
    pub(super) fn enter(&self, caller: &Caller) -> Result<(), TooOften> {
        let _ = self.0.key.set(caller.prefix.clone());
        let taken = self.0.gates.keys.take(caller.key.clone(), 1, self.0.gates.clock.now());
        if let Ok(Some(level)) = taken {
            let _ = self.0.level.set(level);
        }
        self.note(taken.map(drop))
    }

    /// What the key is called in the log, if there was one that is good.
    pub(super) fn key(&self) -> Option<&str> {
        self.0.key.get().map(String::as_str)
    }

    /// Tells how often they may still come, where that is bounded.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        if let Some(Level { limit, left, full_in }) = self.0.level.get() {
            headers.insert(LIMIT, HeaderValue::from(*limit));
            headers.insert(REMAINING, HeaderValue::from(*left));
            headers
                .insert(RESET, HeaderValue::from(full_in.as_secs() + u64::from(full_in.subsec_nanos() > 0)));
        }
    }

    /// The network that is counted. Behind a proxy on this machine that is not a trusted one all callers look like one, so they
    /// are not.
    fn counted(&self) -> Option<IpAddr> {
        let caller = self.0.caller.to_canonical();
        (!caller.is_loopback()).then(|| network_of(caller))
    }

    fn note(&self, outcome: Result<(), TooOften>) -> Result<(), TooOften> {
        if let Err(refused) = &outcome {
            let _ = self.0.level.set(refused.level);
        }
        outcome
    }
}
