//! The client's profile: which server to call and with which keys, in one file that only its owner can read.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// More than any profile has.
const MAX_BYTES: u64 = 64 << 10;

/// What `tidegate login` keeps.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub url: String,
    pub api_key: SecretString,
    pub rsa_private_key: SecretString,
}

/// How it is written; secrets do not serialize by accident.
#[derive(Serialize)]
struct Written<'a> {
    url: &'a str,
    api_key: &'a str,
    rsa_private_key: &'a str,
}

impl Profile {
    /// The profile at `path`, if there is one.
    ///
    /// # Errors
    /// It cannot be read, is malformed, or others can read it.
    pub(super) fn load(path: &Path) -> anyhow::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("cannot read the profile {}", path.display()))?,
        };
        // Asked of the open file, so that it cannot be exchanged in between.
        let mode = file.metadata().context("cannot look at the profile")?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(anyhow!(
                "the profile {path} holds keys and can be read by others (mode {mode:o}); run: chmod 600 {path}",
                path = path.display()
            ));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .with_context(|| format!("cannot read the profile {}", path.display()))?;
        // The parser's own message would show the line, and the line is a secret.
        toml::from_str(&text).map(Some).map_err(|_| {
            anyhow!("the profile {} is malformed; write it anew with: tidegate login", path.display())
        })
    }

    /// Writes the profile, all of it or nothing, in a folder and a file that are its owner's alone.
    ///
    /// # Errors
    /// The folder or the file cannot be made.
    pub(super) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let written = Written {
            url: &self.url,
            api_key: self.api_key.expose_secret(),
            rsa_private_key: self.rsa_private_key.expose_secret(),
        };
        let text = Zeroizing::new(toml::to_string(&written)?);
        write_private(path, text.as_bytes())
            .with_context(|| format!("cannot write the profile {}", path.display()))
    }
}

/// Where the profile is: `TIDEGATE_PROFILE`, or `tidegate/profile.toml` in the user's configuration folder.
///
/// # Errors
/// There is no home folder to look in.
pub(super) fn path() -> anyhow::Result<PathBuf> {
    let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("TIDEGATE_PROFILE")
        .or_else(|| {
            folder("XDG_CONFIG_HOME")
                .or_else(|| Some(folder("HOME")?.join(".config")))
                .map(|config| config.join("tidegate").join("profile.toml"))
        })
        .ok_or_else(|| anyhow!("there is no home folder for a profile; name a file with TIDEGATE_PROFILE"))
}

/// Writes a file, all of it or nothing, in a folder and a file that are their owner's alone.
///
/// # Errors
/// One of them cannot be made.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let temporary = folder.join(format!(".profile.{}", uuid::Uuid::now_v7().simple()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}
