//! The room that unfinished DAGs take in the store, while they are worked on and between two tries.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    blobs::{BlobStore, Root},
    pins::{Place, Room},
};

/// See the module's documentation.
pub(super) struct Places {
    room: Room,
    taken: Mutex<HashMap<Root, Place>>,
}

impl Places {
    /// With what an earlier process left in `store`.
    pub(super) fn of(room: Room, store: &BlobStore) -> Self {
        let left = store.partials().unwrap_or_default();
        let taken = left.into_iter().map(|(root, bytes)| (root, room.hold(bytes))).collect();
        Self { room, taken: Mutex::new(taken) }
    }

    /// Takes so many bytes altogether for a DAG; false where there is no room for them.
    pub(super) fn grow(&self, root: &Root, bytes: u64) -> bool {
        let mut taken = self.taken();
        let place = taken.entry(*root).or_insert_with(|| self.room.place());
        bytes <= place.bytes() || place.take(bytes)
    }

    /// What a DAG has taken, for whoever keeps it.
    pub(super) fn hand_over(&self, root: &Root) -> Place {
        self.taken().remove(root).unwrap_or_else(|| self.room.place())
    }

    /// A DAG is gone.
    pub(super) fn give_back(&self, root: &Root) {
        self.taken().remove(root);
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Root, Place>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
