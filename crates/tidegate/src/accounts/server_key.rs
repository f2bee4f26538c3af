//! The server's one secret, from which all others are derived: `server.key` in the data folder, or text from the operator.
//!
//! Whoever has it can make every token and open every sealed key; whoever loses it must issue all API keys anew.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use zeroize::{Zeroize as _, Zeroizing};

use super::CryptoError;

/// Bytes of the key and of every key derived from it.
const BYTES: usize = 32;

/// More than any way to write 32 bytes down.
const MAX_TEXT: u64 = 256;

/// 32 secret bytes. Cannot be printed, and is wiped from memory.
#[derive(Debug)]
pub struct ServerKey(SecretBox<[u8; BYTES]>);

/// A key for one purpose. Cannot be printed, and is wiped from memory.
pub type SubKey = SecretBox<[u8; BYTES]>;

/// What a derived key is for. The labels are part of every stored secret: they never change.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// Signing API keys.
    ApiKeys,
    /// Signing access tokens for uploads.
    AccessTokens,
    /// Sealing private keys.
    Sealing,
    /// Signing auth tokens for downloads.
    AuthTokens,
    /// Signing tickets that resume a download.
    Tickets,
    /// Being known among peers.
    PeerId,
    /// Sealing the secrets of webhooks.
    Webhooks,
    /// Sealing the secrets of second factors.
    SecondFactors,
    /// Being known to the Cloud, from an Endpoint's key of its own.
    Endpoint,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::ApiKeys => b"tidegate api keys v1",
            Self::AccessTokens => b"tidegate access tokens v1",
            Self::Sealing => b"tidegate sealing v1",
            Self::AuthTokens => b"tidegate auth tokens v1",
            Self::Tickets => b"tidegate tickets v1",
            Self::PeerId => b"tidegate peer id v1",
            Self::Webhooks => b"tidegate webhooks v1",
            Self::SecondFactors => b"tidegate second factors v1",
            Self::Endpoint => b"tidegate endpoint v1",
        }
    }
}

/// Why there is no server key.
#[derive(Debug, thiserror::Error)]
pub enum ServerKeyError {
    /// The file could not be made or read.
    #[error("the server key {path} cannot be read or made: {source}", path = path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others on this machine can read the file.
    #[error("the server key {path} can be read by others (mode {mode:o}); run: chmod 600 {path}", path = path.display())]
    Readable {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text is not a key. It is not repeated here.
    #[error(
        "the server key is not 32 bytes in hex (64 characters) or base64 (44 characters); make one with: openssl rand -hex 32"
    )]
    Malformed,
    /// No randomness.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl ServerKey {
    /// The key in the file at `path`, which is made, with a new random key, if there is none. Processes that do so at
    /// the same time get the same key.
    ///
    /// # Errors
    ///
    /// [`ServerKeyError`]: among others when the file is readable by its group or by others.
    pub fn load_or_create(path: &Path) -> Result<Self, ServerKeyError> {
        let io = |source| ServerKeyError::Io { path: path.to_owned(), source };
        let file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                create(path)?;
                File::open(path).map_err(io)?
            }
            other => other.map_err(io)?,
        };
        // Asked of the open file, so that it cannot be exchanged in between.
        let mode = file.metadata().map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(ServerKeyError::Readable { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_TEXT).read_to_string(&mut text).map_err(io)?;
        parse(&text)
    }

    /// The key that the operator gives as text: 32 bytes in hex or base64.
    ///
    /// # Errors
    ///
    /// [`ServerKeyError::Malformed`].
    pub fn parse(text: &SecretString) -> Result<Self, ServerKeyError> {
        parse(text.expose_secret())
    }

    /// The key for one purpose; knowing it tells nothing about this key or its siblings.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the cryptography library fails.
    pub fn derive(&self, purpose: Purpose) -> Result<SubKey, CryptoError> {
        let info = [purpose.label()];
        let mut bytes = Zeroizing::new([0; BYTES]);
        Salt::new(HKDF_SHA256, b"tidegate")
            .extract(self.0.expose_secret())
            .expand(&info, HKDF_SHA256)?
            .fill(bytes.as_mut_slice())?;
        Ok(SubKey::new(Box::new(*bytes)))
    }
}

fn parse(text: &str) -> Result<ServerKey, ServerKeyError> {
    let text = text.trim();
    let bytes = if text.len() == 2 * BYTES {
        hex::decode(text).ok()
    } else {
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|alphabet| alphabet.decode(text).ok())
    };
    let bytes = Zeroizing::new(bytes.ok_or(ServerKeyError::Malformed)?);
    let key = <[u8; BYTES]>::try_from(bytes.as_slice()).map_err(|_| ServerKeyError::Malformed)?;
    Ok(ServerKey(SecretBox::new(Box::new(key))))
}

/// Makes the file so that it is there complete or not at all, and never replaces one that came first.
fn create(path: &Path) -> Result<(), ServerKeyError> {
    let mut key = Zeroizing::new([0; BYTES]);
    // From the system: the cryptography library gathers entropy of its own at first use, and a first start would wait
    // for that: half a second, measured on a busy machine.
    getrandom::fill(key.as_mut_slice()).map_err(|_| CryptoError)?;
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(|_| CryptoError)?;

    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", hex::encode(suffix)));
    let temporary = PathBuf::from(name);
    let written = write_and_link(&temporary, path, key.as_slice());
    let removed = std::fs::remove_file(&temporary);
    written.and(removed).map_err(|source| ServerKeyError::Io { path: path.to_owned(), source })
}

fn write_and_link(temporary: &Path, path: &Path, key: &[u8]) -> std::io::Result<()> {
    let mut text = hex::encode(key);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    let written = writeln!(file, "{text}").and_then(|()| file.sync_all());
    text.zeroize();
    written?;
    // A link fails where a rename would replace.
    match std::fs::hard_link(temporary, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn fingerprint(key: &ServerKey) -> [u8; BYTES] {
        *key.derive(Purpose::Sealing).unwrap().expose_secret()
    }

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| fingerprint(&ServerKey::load_or_create(&path).unwrap())))
                .collect();
            starting.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fingerprint(&ServerKey::load_or_create(&path).unwrap()), keys[0]);

        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let left: Vec<_> =
            folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["server.key"]);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.key");
        ServerKey::load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = ServerKey::load_or_create(&path).unwrap_err();
            assert!(refused.to_string().contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn hex_and_base64_are_the_same_key() {
        let text = |text: &str| fingerprint(&ServerKey::parse(&text.to_owned().into()).unwrap());
        let hex = text("FBEFBE00000000000000000000000000000000000000000000000000000000ff\n");
        assert_eq!(text("++++AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8="), hex);
        assert_eq!(text(" ----AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8"), hex);
    }

    #[test]
    fn what_is_not_32_bytes_is_refused_and_not_repeated() {
        for text in ["", "secret", &"a".repeat(63), &"z".repeat(64), &"a".repeat(62), &"A".repeat(4096)] {
            let refused = ServerKey::parse(&text.to_owned().into()).unwrap_err();
            assert!(matches!(refused, ServerKeyError::Malformed));
            assert!(!refused.to_string().contains("secret"));
        }
    }

    #[test]
    fn purposes_have_different_keys_and_none_is_printed() {
        let key = ServerKey::parse(&"07".repeat(32).into()).unwrap();
        let purposes = [
            Purpose::ApiKeys,
            Purpose::AccessTokens,
            Purpose::Sealing,
            Purpose::AuthTokens,
            Purpose::Tickets,
        ];
        let keys: HashSet<_> =
            purposes.iter().map(|purpose| *key.derive(*purpose).unwrap().expose_secret()).collect();
        assert_eq!(keys.len(), purposes.len());
        assert!(!keys.contains(&[7; BYTES]));
        assert!(!format!("{key:?}").contains('7'));
    }
}
