//! The data folder: who holds it, and what its files are called.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::{
    accounts::ServerKey,
    config::{Database, Secrets},
    db::{Db, DbOptions},
};

/// A data folder. While a server or a repair holds it, no other does.
pub struct DataDir {
    path: PathBuf,
    _lock: Option<File>,
}

impl DataDir {
    /// Makes the folder if it is missing, and holds it until dropped.
    ///
    /// # Errors
    /// It cannot be made or written, or another process holds it.
    pub fn claim(path: &Path) -> anyhow::Result<Self> {
        let mut dir = Self::visit(path)?;
        let lock = File::create(path.join("lock")).with_context(|| not_writable(path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "{} is in use by another tidegate process; stop it first, or give another folder with --data",
                path.display()
            ),
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| not_writable(path)),
        }
        dir._lock = Some(lock);
        Ok(dir)
    }

    /// Makes the folder if it is missing, for work that may go on beside a running server.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn visit(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| not_writable(path))?;
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the configured database, by default the one in this folder.
    ///
    /// # Errors
    /// Those of [`Db::open`].
    pub async fn open_database(&self, config: &Database) -> anyhow::Result<Db> {
        let options = match &config.url {
            Some(url) => DbOptions::postgres(url.clone()),
            None => DbOptions::sqlite(self.path.join("tidegate.sqlite")),
        };
        Ok(Db::open(options).await?)
    }

    /// The key that the server's secrets come from: the configured one, else the one in this folder, made at first use.
    ///
    /// # Errors
    /// It is malformed, or readable by others.
    pub fn server_key(&self, config: &Secrets) -> anyhow::Result<ServerKey> {
        Ok(match &config.server_key {
            Some(text) => ServerKey::parse(text).context("the setting secrets.server_key is no good")?,
            None => ServerKey::load_or_create(&self.path.join("server.key"))?,
        })
    }

    /// The key by which the Cloud knows this Endpoint, made at first use.
    ///
    /// # Errors
    /// It is malformed, or readable by others.
    pub fn endpoint_key(&self) -> anyhow::Result<ServerKey> {
        Ok(ServerKey::load_or_create(&self.path.join("endpoint.key"))?)
    }

    /// The name of this folder among those that share a database, made at the first start.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn node(&self) -> anyhow::Result<String> {
        let path = self.path.join("node");
        match fs::read_to_string(&path) {
            Ok(node) if !node.trim().is_empty() => return Ok(node.trim().to_owned()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
            _ => {}
        }
        let node = uuid::Uuid::now_v7().to_string();
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(node.as_bytes())?;
            file.sync_all()
        };
        write().with_context(|| not_writable(&self.path))?;
        Ok(node)
    }
}

fn not_writable(path: &Path) -> String {
    format!("cannot write to the data folder {}; give another with --data", path.display())
}
