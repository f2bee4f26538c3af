//! Passwords: hashed with argon2id, few at a time, and never on the runtime's threads.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use zeroize::{Zeroize as _, Zeroizing};

use super::{AccountError, CryptoError};

/// Hashes at the same time. Each takes 19 MiB and a core for some milliseconds; more only wait for each other.
const AT_ONCE: usize = 2;

/// A password has at least this many bytes.
const MIN_BYTES: usize = 8;

/// And at most this many.
const MAX_BYTES: usize = 1024;

/// What is verified for addresses without an account, so that the time taken does not tell. No password fits.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies. Clones share the limit.
#[derive(Debug, Clone)]
pub(super) struct Passwords(Arc<Semaphore>);

impl Passwords {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// The password's hash with a salt of its own: a PHC string.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, AccountError> {
        if !(MIN_BYTES..=MAX_BYTES).contains(&password.expose_secret().len()) {
            return Err(AccountError::BadPassword);
        }
        let hash = self
            .run(move || {
                let hash: PasswordHash = Argon2::default()
                    .hash_password(password.expose_secret().as_bytes())
                    .map_err(|_| CryptoError)?;
                Ok(hash.to_string())
            })
            .await?;
        Ok(hash)
    }

    /// Is this the password of that hash? Without a hash the answer is no, after the same work.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, CryptoError> {
        if password.expose_secret().len() > MAX_BYTES {
            return Ok(false);
        }
        self.run(move || {
            let known = hash.is_some();
            let hash = PasswordHash::new(hash.as_deref().unwrap_or(DECOY)).map_err(|_| CryptoError)?;
            let fits = Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
            Ok(known && fits)
        })
        .await
    }

    /// Runs other work that keeps a core busy, such as making an RSA key, under the same limit.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, CryptoError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, CryptoError> + Send + 'static,
    {
        // The permit goes along: a caller who leaves does not make room for more work than there are cores.
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(|_| CryptoError)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(|_| CryptoError)?
    }
}

/// A new password that nobody has to think of: 144 random bits in 24 characters.
///
/// # Errors
///
/// [`CryptoError`] without randomness.
pub fn generate_password() -> Result<SecretString, CryptoError> {
    let mut bytes = Zeroizing::new([0; 18]);
    aws_lc_rs::rand::fill(bytes.as_mut_slice())?;
    let mut text = URL_SAFE_NO_PAD.encode(bytes.as_slice());
    let password = SecretString::from(text.as_str());
    text.zeroize();
    Ok(password)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_fits_its_hash() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert_ne!(passwords.hash("correct horse".into()).await.unwrap(), hash, "salted");
        assert_eq!(passwords.verify("correct horse".into(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify("correct horsf".into(), Some(hash.clone())).await, Ok(false));
        assert_eq!(passwords.verify(String::new().into(), Some(hash)).await, Ok(false));
    }

    #[tokio::test]
    async fn an_unknown_address_costs_a_real_verification() {
        // The decoy must be a hash that the library takes, or it would answer at once with an error.
        assert_eq!(Passwords::new().verify("anything".into(), None).await, Ok(false));
        let decoy = PasswordHash::new(DECOY).unwrap();
        let real: PasswordHash = Argon2::default().hash_password(b"x").unwrap();
        assert_eq!(decoy.params.to_string(), real.params.to_string());
    }

    #[tokio::test]
    async fn too_short_and_too_long_are_refused() {
        for password in ["1234567".to_owned(), "x".repeat(1025)] {
            assert_eq!(Passwords::new().hash(password.into()).await, Err(AccountError::BadPassword));
        }
    }

    #[test]
    fn generated_passwords_differ_and_are_long() {
        let (one, two) = (generate_password().unwrap(), generate_password().unwrap());
        assert_eq!(one.expose_secret().len(), 24);
        assert_ne!(one.expose_secret(), two.expose_secret());
    }
}
