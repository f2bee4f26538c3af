//! Is everything there that should be, and is it what it should be? Reads only, also beside a running server.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    PinError, Pins,
    check::{Damaged, Files, blocking, count_pins, pinned_without_content, root_in_name},
};
use crate::{
    blobs::Damage,
    db::{ContentId, DbError, contents},
};

/// Rows read at a time.
const PAGE: u32 = 1000;

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Audit {
    /// Files that were read.
    pub checked: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Files that are not what their name says.
    pub damaged: Vec<Damaged>,
    /// Content that is recorded or pinned and has no file.
    pub missing: Vec<Missing>,
    /// Good files that are not recorded.
    pub unknown: Vec<Unknown>,
}

/// Content without a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its root.
    pub root: String,
    /// How many pins want it.
    pub pins: u64,
}

/// A file without a record: a repair makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The root of what it holds.
    pub root: String,
    /// The file.
    pub path: PathBuf,
    /// How many pins want it.
    pub pins: u64,
}

impl Audit {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.damaged.is_empty() && self.missing.is_empty() && self.unknown.is_empty()
    }
}

impl Pins {
    /// Reads and hashes all content, and compares files, records and pins. `begin` is told how many bytes there are to read, then
    /// `read` the bytes read each time.
    ///
    /// What a running server is just storing is not counted as wrong.
    ///
    /// # Errors
    /// The folders or the database cannot be read.
    pub async fn audit(
        &self,
        begin: impl FnOnce(u64) + Send + 'static,
        read: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Audit, PinError> {
        let store = self.store.clone();
        let (found, bytes) = blocking(move || {
            let files = Files::list(&store)?;
            begin(files.bytes());
            let found = Mutex::new(Vec::new());
            files.check(&store, &read, &|path: &Path, verified: Result<_, Damage>| {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.push((path.to_owned(), verified.err()));
                ControlFlow::Continue(())
            });
            Ok((found.into_inner().unwrap_or_else(PoisonError::into_inner), files.bytes()))
        })
        .await?;

        let mut audit = Audit { checked: found.len() as u64, bytes, ..Audit::default() };
        // Read before the records: what is announced now may be recorded, or not, by the time they are read.
        let incoming = self.announced().await?;
        let recorded = self.recorded().await?;
        let mut files = HashMap::new();
        for (path, problem) in found {
            if let Some(root) = root_in_name(&path) {
                files.insert(root.to_string(), (path.clone(), problem.is_none()));
            }
            if let Some(problem) = problem {
                audit.damaged.push(Damaged::describe(&self.db, path, problem).await?);
            }
        }
        self.find_missing(&mut audit, &recorded, &files).await?;
        // What was being removed while the records were read is announced still, or gone by now.
        let leaving = self.announced().await?;
        let is_leaving = |root: &String, path: &Path| leaving.contains(root) || !path.exists();
        for (root, (path, good)) in files {
            if good && !recorded.contains(&root) && !incoming.contains(&root) && !is_leaving(&root, &path) {
                let pins = count_pins(&self.db, root.clone()).await?;
                audit.unknown.push(Unknown { root, path, pins });
            }
        }
        audit.damaged.sort_by(|a, b| a.path.cmp(&b.path));
        audit.unknown.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(audit)
    }

    /// Adds what is recorded or pinned and has no file.
    async fn find_missing(
        &self,
        audit: &mut Audit,
        recorded: &HashSet<String>,
        files: &HashMap<String, (PathBuf, bool)>,
    ) -> Result<(), PinError> {
        // A file that came after the folders were read is there all the same.
        let is_missing = |root: &str| {
            let path =
                tidegate_content::parse_cid(root).map(|cid| self.store.path(&crate::blobs::Root::of(&cid)));
            !files.contains_key(root) && !path.is_ok_and(|path| path.exists())
        };
        for root in recorded.iter().filter(|root| is_missing(root)) {
            audit
                .missing
                .push(Missing { root: root.clone(), pins: count_pins(&self.db, root.clone()).await? });
        }
        let pinned = pinned_without_content(&self.db).await?;
        let pinned = pinned.into_iter().filter(|(root, _)| is_missing(root));
        audit.missing.extend(pinned.map(|(root, pins)| Missing { root, pins }));
        audit.missing.sort_by(|a, b| a.root.cmp(&b.root));
        Ok(())
    }

    /// What this node is about to put in place, or to remove.
    async fn announced(&self) -> Result<HashSet<String>, DbError> {
        let node = Arc::clone(&self.node);
        let incoming =
            self.db.read(move |s| Box::pin(async move { contents::incoming_of(s, &node).await })).await?;
        Ok(incoming.into_iter().collect())
    }

    /// Every recorded root.
    pub(super) async fn recorded(&self) -> Result<HashSet<String>, DbError> {
        let (mut roots, mut after) = (HashSet::new(), ContentId(0));
        loop {
            let page = self.db.read(move |s| Box::pin(contents::contents_after(s, after, PAGE))).await?;
            let Some(last) = page.last() else {
                return Ok(roots);
            };
            after = last.id;
            roots.extend(page.into_iter().map(|content| content.content.root));
        }
    }
}
