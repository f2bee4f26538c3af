//! Facts of a chain, remembered for a while: asked once however many want to know, and, where it is harmless, still told
//! when no node answers.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::ChainError;

/// A fact and whether it is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact<T> {
    /// The chain said so just now.
    Fresh(T),
    /// The chain said so earlier, and no node can be asked at the moment.
    Stale(T),
}

impl<T> Fact<T> {
    /// The fact, however old.
    pub fn value(self) -> T {
        match self {
            Self::Fresh(value) | Self::Stale(value) => value,
        }
    }
}

/// What is known about each `K`.
pub(super) struct Memory<K, V> {
    known: Cache<K, Arc<Mutex<Entry<V>>>>,
    fresh: Duration,
    stale: Duration,
}

/// What was said about one key, and when. Its lock is held while the chain is asked, so that others wait for the same answer.
struct Entry<V> {
    fact: Option<(Instant, V)>,
    failure: Option<(Instant, ChainError)>,
}

/// Facts of one kind that are remembered.
const CAPACITY: u64 = 10_000;
/// After a failure, a stale fact is told for so long before the chain is asked again.
const PAUSE: Duration = Duration::from_secs(2);

impl<K: Hash + Eq + Clone + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Memory<K, V> {
    /// Facts that are current for `fresh`, and better than nothing for `stale` after they were asked for.
    pub(super) fn new(fresh: Duration, stale: Duration) -> Self {
        let known = Cache::builder()
            .max_capacity(CAPACITY)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(fresh.max(stale) + Duration::from_secs(60))
            .build();
        Self { known, fresh, stale }
    }

    /// Answers that are shared by those who ask at the same time, and then forgotten.
    pub(super) fn shared() -> Self {
        Self::new(Duration::ZERO, Duration::ZERO)
    }

    /// What is known about `key`, or else what `ask` says.
    ///
    /// # Errors
    /// What `ask` says, unless that is an outage and a stale fact is known.
    pub(super) async fn get<F>(&self, key: K, ask: impl FnOnce() -> F) -> Result<Fact<V>, ChainError>
    where
        F: Future<Output = Result<V, ChainError>>,
    {
        let called = Instant::now();
        let entry = self.known.get_with_by_ref(&key, Arc::default);
        let mut entry = entry.lock().await;
        if let Some((at, value)) = &entry.fact
            && (*at >= called || at.elapsed() < self.fresh)
        {
            return Ok(Fact::Fresh(value.clone()));
        }
        if let Some((at, error)) = &entry.failure {
            let stale = entry.stale(error, self.stale);
            if *at >= called || (stale.is_some() && at.elapsed() < PAUSE) {
                return stale.ok_or_else(|| error.clone());
            }
        }
        let said = ask().await;
        if self.fresh.is_zero() {
            // Whoever waits has the entry; nobody else needs it.
            self.known.invalidate(&key);
        }
        match said {
            Ok(value) => {
                *entry = Entry { fact: Some((Instant::now(), value.clone())), failure: None };
                Ok(Fact::Fresh(value))
            }
            Err(error) => {
                entry.failure = Some((Instant::now(), error.clone()));
                entry.stale(&error, self.stale).ok_or(error)
            }
        }
    }
}

impl<V: Clone> Entry<V> {
    /// What is told instead of an outage.
    fn stale(&self, error: &ChainError, limit: Duration) -> Option<Fact<V>> {
        let (at, value) = self.fact.as_ref()?;
        (error.is_outage() && at.elapsed() < limit).then(|| Fact::Stale(value.clone()))
    }
}

impl<V> Default for Entry<V> {
    fn default() -> Self {
        Self { fact: None, failure: None }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::error::ChainLabel;
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn outage() -> ChainError {
        ChainError::Unavailable { chain: ChainLabel(Some(1)), troubles: vec![] }
    }

    fn reverted() -> ChainError {
        ChainError::Reverted(ChainLabel(Some(1)))
    }

    #[tokio::test]
    async fn a_fresh_fact_is_not_asked_for_again() {
        let memory = Memory::new(LONG, LONG);
        assert_eq!(memory.get(1, async || Ok(5)).await, Ok(Fact::Fresh(5)));
        assert_eq!(memory.get(1, async || Ok(6)).await, Ok(Fact::Fresh(5)));
        assert_eq!(memory.get(2, async || Ok(7)).await, Ok(Fact::Fresh(7)));
    }

    #[tokio::test]
    async fn an_old_fact_bridges_an_outage_and_nothing_else() {
        let memory = Memory::new(Duration::from_nanos(1), LONG);
        assert_eq!(memory.get(1, async || Ok(5)).await, Ok(Fact::Fresh(5)));
        assert_eq!(memory.get(1, async || Err(reverted())).await, Err(reverted()));
        assert_eq!(memory.get(1, async || Err(outage())).await, Ok(Fact::Stale(5)));
        assert_eq!(memory.get(2, async || Err(outage())).await, Err(outage()));
    }

    #[tokio::test]
    async fn during_an_outage_the_chain_is_left_alone_for_a_while() {
        let memory = Memory::new(Duration::from_nanos(1), LONG);
        assert_eq!(memory.get(1, async || Ok(5)).await, Ok(Fact::Fresh(5)));
        assert_eq!(memory.get(1, async || Err(outage())).await, Ok(Fact::Stale(5)));
        assert_eq!(memory.get(1, async || Ok(6)).await, Ok(Fact::Stale(5)));
    }

    #[tokio::test]
    async fn those_who_ask_together_share_one_answer_good_or_bad() {
        for outcome in [Ok(5), Err(outage())] {
            let memory = Memory::shared();
            let asked = AtomicUsize::new(0);
            let ask = async || {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                outcome.clone()
            };
            let all = futures_util::future::join_all((0..10).map(|_| memory.get(1, ask))).await;
            assert!(all.iter().all(|one| *one == outcome.clone().map(Fact::Fresh)));
            assert_eq!(asked.load(Ordering::SeqCst), 1);
            let _ = memory.get(1, ask).await;
            assert_eq!(asked.load(Ordering::SeqCst), 2, "a shared answer is not kept");
        }
    }

    #[tokio::test]
    async fn who_stops_asking_leaves_the_question_to_the_next() {
        let memory = Memory::new(LONG, LONG);
        let mut first = Box::pin(memory.get(1, std::future::pending::<Result<u8, ChainError>>));
        assert!(futures_util::poll!(&mut first).is_pending());
        drop(first);
        assert_eq!(memory.get(1, async || Ok(6)).await, Ok(Fact::Fresh(6)));
    }
}
