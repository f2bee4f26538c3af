//! Bringing a whole DAG in by its CID: from what is public here, from trustless gateways, from a Kubo node.
//!
//! | file | what lives there |
//! |---|---|
//! | `source.rs` | who is asked for blocks, and how |
//! | `choice.rs` | whom of them to ask next |
//! | `archive.rs` | a DAG as one stream |
//! | `blocks.rs` | a DAG block by block, many at once |
//! | `keep.rs` | checking what comes, and keeping it |
//! | `places.rs` | the room that it takes |
//! | `whole.rs` | the end: a walk through all of it |
//!
//! Nobody is trusted: each block is hashed, and only what belongs to the DAG is kept. What has come stays on the disk when a try
//! ends early, and the next one goes on from there. When to try, and what becomes of the content, is the business of others.

mod archive;
mod blocks;
mod choice;
mod error;
mod keep;
mod places;
mod source;
mod whole;

use std::sync::{Arc, Mutex, PoisonError};

use tidegate_content::{Cid, FrontierLimits, Progress, cid_text::RAW};
use tokio::time::timeout;

pub use error::{Miss, PullError};
pub use source::Source;
pub use whole::Pulled;

use crate::{
    blobs::{BlobError, BlobStore, Root},
    config,
    pins::{Library, Room, locks::Locks},
};
use choice::Choice;
use keep::{Keeper, blocking};
use places::Places;

/// See the module's documentation. Cheap to clone.
#[derive(Clone)]
pub struct Puller(Arc<Parts>);

struct Parts {
    library: Library,
    store: BlobStore,
    sources: Vec<Source>,
    settings: config::Pull,
    /// The DAGs that are being worked on.
    turns: Locks<Root>,
    /// What they take, and those that wait for the next try.
    places: Arc<Places>,
}

/// How far a try has come, for whoever watches. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Watched(Arc<Mutex<Progress>>);

impl Watched {
    /// How far it is now.
    #[must_use]
    pub fn get(&self) -> Progress {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how far it is.
    pub(crate) fn set(&self, progress: Progress) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }
}

impl Puller {
    /// Brings content into `store`, where there is `room`, from what `library` knows and from `sources`, which are asked in this
    /// order.
    #[must_use]
    pub fn new(
        library: Library,
        store: BlobStore,
        room: Room,
        sources: Vec<Source>,
        settings: &config::Pull,
    ) -> Self {
        let places = Arc::new(Places::of(room, &store));
        let (settings, turns) = (settings.clone(), Locks::default());
        Self(Arc::new(Parts { library, store, sources, settings, turns, places }))
    }

    /// One try at the whole DAG below `root`, after any other that is under way.
    ///
    /// # Errors
    /// See [`PullError`]; it tells whether another try makes sense.
    pub async fn pull(&self, root: Cid, watched: &Watched) -> Result<Pulled, PullError> {
        let trying = self.complete(root, watched);
        let keeper = timeout(self.0.settings.try_timeout, trying).await.map_err(|_| PullError::Timeout)??;
        blocking(move || keeper.into_whole()).await
    }

    /// Forgets what has come of a DAG that nobody waits for any more.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub async fn forget(&self, root: Root) -> Result<(), PullError> {
        let _turn = self.0.turns.lock(root).await;
        let store = self.0.store.clone();
        blocking(move || Ok(store.remove_partial(&root).map_err(BlobError::from)?)).await?;
        self.0.places.give_back(&root);
        Ok(())
    }

    /// The DAGs of which some has come, in no order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<Root>, PullError> {
        let store = self.0.store.clone();
        let partials = blocking(move || Ok(store.partials().map_err(BlobError::from)?)).await?;
        Ok(partials.into_iter().map(|(root, _)| root).collect())
    }

    /// Connects the Kubo node, if there is one, to where a client says that the content is. What fails is no matter.
    pub async fn hint(&self, origins: &[String]) {
        for source in &self.0.sources {
            source.connect(origins).await;
        }
    }

    async fn complete(&self, root: Cid, watched: &Watched) -> Result<Keeper, PullError> {
        let settings = &self.0.settings;
        let limits = FrontierLimits { blocks: settings.blocks, bytes: settings.size.as_u64() };
        let (store, watched, ahead) = (self.0.store.clone(), watched.clone(), settings.parallel);
        let places = Arc::clone(&self.0.places);
        let turn = self.0.turns.lock(Root::of(&root)).await;
        let keeper =
            blocking(move || Keeper::open(&store, root, limits, ahead, watched, (turn, places))).await?;
        let choice = Choice::among(&self.0.sources);
        let (keeper, news) = self.take_root(keeper, &choice).await?;
        let keeper = if news { self.by_archive(keeper, &choice).await? } else { keeper };
        self.by_blocks(keeper, &choice).await
    }

    /// Gets the root where it is missing; tells whether all below it is likely to be missing too.
    async fn take_root(&self, keeper: Keeper, choice: &Choice<'_>) -> Result<(Keeper, bool), PullError> {
        const SAMPLE: usize = 8;
        let mut keeper = keeper;
        let Some(root) = keeper.root_if_missing() else {
            return Ok((keeper, false));
        };
        keeper.ready();
        let block = self.fetch(&root, choice).await.map_err(|miss| PullError::missing(&root, miss))?;
        let keeper = blocking(move || keeper.kept(&root, &block)).await?;
        let below = keeper.next_few(SAMPLE);
        for cid in &below {
            if self.find_here(cid).await?.is_some() {
                return Ok((keeper, false));
            }
        }
        // A leaf or two come faster by themselves.
        let many = below.len() > 2 || below.iter().any(|cid| cid.codec() != RAW);
        Ok((keeper, many))
    }
}
