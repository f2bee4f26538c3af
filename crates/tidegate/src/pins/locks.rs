//! One lock a key, made when asked for and gone when nobody holds it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::OwnedMutexGuard;

type Lock = tokio::sync::Mutex<()>;

/// See the module's documentation.
pub(crate) struct Locks<K>(Mutex<HashMap<K, Weak<Lock>>>);

impl<K> Default for Locks<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Locks<K> {
    /// Waits until nobody else holds the lock of `key`.
    pub(crate) async fn lock(&self, key: K) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| lock.strong_count() > 0);
            let kept = locks.get(&key).and_then(Weak::upgrade);
            kept.unwrap_or_else(|| {
                let new = Arc::new(Lock::default());
                locks.insert(key, Arc::downgrade(&new));
                new
            })
        };
        lock.lock_owned().await
    }
}
