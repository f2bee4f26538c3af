//! People and programs that may pin: registering, and showing them what they were given. No SQL here.
//!
//! ```text
//! access       who is calling: API keys, access tokens, passwords, CID signatures
//! api_keys     more keys, what each is good for, replacing and revoking them
//! signing_keys the pairs that CIDs are signed with, and replacing them
//! links        uploads without a key
//! sessions     people who are signed in at the panel; invites, who may register there
//! sign_in  second_factor  own_password   how they get in, what else they are asked for, changing a password
//! administration  what administrators do with accounts; links by which a password is set anew
//! trust        on an Endpoint: what its Cloud says of access tokens, remembered for a while
//! vouch        on the Cloud: what it says
//! upload_pass  uploading from a page by somebody who has signed in
//! wallets      the Ethereum addresses whose assets may sell what the account has pinned privately
//! tokens  sealing  verification  open_signature  password  email  totp  recovery_codes    the means
//! server_key   the one secret that all of it rests on; peer_id, the server's name that comes from it
//! ```

mod access;
mod administration;
mod api_keys;
mod email;
mod error;
mod invites;
mod last_uses;
mod links;
mod open_signature;
mod own_password;
mod password;
mod peer_id;
mod random_token;
mod recovery_codes;
mod sealing;
mod second_factor;
mod server_key;
mod sessions;
mod sign_in;
mod signing_keys;
mod tokens;
mod totp;
mod trust;
mod upload_pass;
mod verification;
mod vouch;
mod wallets;

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use uuid::{NoContext, Uuid};

use crate::clock::{Clock, Timestamp};
use crate::cloud::Cloud;
use crate::db::accounts::Account;
use crate::db::keys::{ApiKey, KeyTerms, VerificationKey};
use crate::db::scopes::{Scope, Scopes};
use crate::db::{self, AccountId, Db, TokenHash, accounts, keys};

pub use administration::PASSWORD_LINK;
pub use api_keys::{Rotated, ShownKey};
pub use error::{AccountError, AuthError, CryptoError};
pub use invites::INVITATION;
pub use links::{LinkError, MAX_LINK_LIFETIME, NewLink};
pub use password::generate_password;
pub(crate) use random_token::new_token;
pub use second_factor::{Enrolment, FactorError, FactorState};
pub use server_key::{Purpose, ServerKey, ServerKeyError, SubKey};
pub use sessions::{SessionLimits, Whence};
pub use sign_in::{Entry, HALF_LOGIN};
pub use signing_keys::{NewPair, SigningKey};
pub use tokens::{ACCESS_TOKEN_LIFETIME, AccessToken};
pub use upload_pass::UploadPass;
pub use verification::{PublicKey, PublicKeyError, SignError, sign};
pub use wallets::{WALLET_TEXT_LIFETIME, WalletProof, wallet_text};

use email::Email;
use last_uses::LastUses;
use password::Passwords;
pub(crate) use sealing::Sealing;
use tokens::Tokens;
use trust::Trust;

/// The name of the API key that comes with an account.
pub const DEFAULT_KEY_NAME: &str = "default";

/// The longest that a key which another has replaced may stay good.
pub const MAX_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The accounts of this server.
#[derive(Debug)]
pub struct Accounts {
    db: Arc<Db>,
    clock: Clock,
    tokens: Tokens,
    sealing: Arc<Sealing>,
    factors: Arc<Sealing>,
    passwords: Passwords,
    seen: LastUses,
    session_limits: SessionLimits,
    authority: Authority,
}

/// Who knows which keys and tokens are good.
#[derive(Debug)]
enum Authority {
    /// This server, by its own key and database.
    Own,
    /// The Cloud that it is an Endpoint of.
    Cloud(Arc<Trust>),
}

/// Someone who has shown a key or a token that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose key it is.
    pub account: AccountId,
    /// The id of the API key, at first or second hand.
    pub key: String,
    /// What may be shown of that key, to tell it from others: [`ApiKey`]s have it in lists, requests in the log.
    pub prefix: String,
    /// What that key is good for, as it was when the caller came.
    pub terms: KeyTerms,
    /// How many things had been pinned or removed with it by then, if that is bounded.
    pub uses: u64,
}

impl Caller {
    /// Whether the caller's key has all of these scopes, and a use left where one is needed.
    ///
    /// # Errors
    ///
    /// [`AuthError::MissingScope`] with the first scope that it has not, or [`AuthError::UsedUp`].
    pub fn may(&self, needed: Scopes) -> Result<(), AuthError> {
        if let Some(scope) = self.terms.scopes.lacks(needed) {
            return Err(AuthError::MissingScope(scope));
        }
        let uses_it = needed.iter().any(|scope| matches!(scope, Scope::Pin | Scope::Unpin));
        // Only whoever pins or removes something takes a use, and may then find none left. This spares them the way.
        if uses_it && self.terms.max_uses.is_some_and(|most| self.uses >= most) {
            return Err(AuthError::UsedUp);
        }
        Ok(())
    }
}

/// What an account was given and can be shown again.
#[derive(Debug)]
pub struct Credentials {
    /// The account.
    pub account: AccountId,
    /// Its e-mail address, trimmed and lower-cased.
    pub email: String,
    /// Its API key that is good and not replaced, if there is one: the one named [`DEFAULT_KEY_NAME`], else the oldest. A JWT.
    pub api_key: Option<SecretString>,
    /// PKCS#8 DER as one line of base64; nothing when the account has brought a key of its own.
    pub rsa_private_key: Option<SecretString>,
    /// SubjectPublicKeyInfo DER as one line of base64.
    pub rsa_public_key: String,
}

/// What a new account is given: an API key and an RSA-2048 key pair.
#[derive(Debug)]
pub struct Registered {
    /// The account.
    pub account: AccountId,
    /// A JWT named [`DEFAULT_KEY_NAME`].
    pub api_key: SecretString,
    /// PKCS#8 DER as one line of base64.
    pub rsa_private_key: SecretString,
    /// SubjectPublicKeyInfo DER as one line of base64.
    pub rsa_public_key: String,
}

impl Accounts {
    /// The accounts in `db`, with secrets derived from `key`.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the cryptography library fails.
    pub fn new(db: Arc<Db>, clock: Clock, key: &ServerKey) -> Result<Self, CryptoError> {
        Ok(Self {
            db,
            clock,
            tokens: Tokens::new(key)?,
            sealing: Arc::new(Sealing::new(key)?),
            factors: Arc::new(Sealing::for_purpose(key, Purpose::SecondFactors)?),
            passwords: Passwords::new(),
            seen: LastUses::new(),
            session_limits: SessionLimits { idle: Duration::MAX, lifetime: Duration::MAX },
            authority: Authority::Own,
        })
    }

    /// The same, whose sessions last for so long.
    #[must_use]
    pub fn with_sessions(mut self, limits: SessionLimits) -> Self {
        self.session_limits = limits;
        self
    }

    /// The accounts of `cloud` as this Endpoint of it knows them, which believes for so long what was said of a token.
    #[must_use]
    pub fn of_cloud(mut self, cloud: Cloud, trust_for: Duration) -> Self {
        let trust = Trust::new(cloud, Arc::clone(&self.db), self.clock.clone(), trust_for);
        self.authority = Authority::Cloud(Arc::new(trust));
        self
    }

    /// Makes an account with its first keys, all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadEmail`], [`AccountError::BadPassword`], [`AccountError::EmailTaken`], or a failure.
    pub async fn register(&self, email: &str, password: SecretString) -> Result<Registered, AccountError> {
        self.register_with(email, password, None).await
    }

    /// The same for somebody who has an invitation, which is used up by it.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadInvite`], or as [`Accounts::register`].
    pub async fn register_invited(
        &self,
        email: &str,
        password: SecretString,
        token: &str,
    ) -> Result<Registered, AccountError> {
        let invite = random_token::hash_of(token).ok_or(AccountError::BadInvite)?;
        self.register_with(email, password, Some(invite)).await
    }

    async fn register_with(
        &self,
        email: &str,
        password: SecretString,
        invite: Option<TokenHash>,
    ) -> Result<Registered, AccountError> {
        let email = Email::parse(email)?;
        let password_hash = self.passwords.hash(password).await?;
        let pair = self.passwords.run(verification::generate).await?;
        let private_line = verification::private_line(&pair.private);
        let public = PublicKey::from_der(&pair.public)?;

        let now = self.clock.now();
        let sealing = Arc::clone(&self.sealing);
        let key = self
            .db
            .try_write(move |s| {
                Box::pin(async move {
                    let account = accounts::insert_account(s, email.as_str(), &password_hash, now)
                        .await?
                        .ok_or(AccountError::EmailTaken)?;
                    if let Some(token) = invite {
                        let is_admin = db::invites::use_invite(s, &token, account, now).await?;
                        let is_admin = is_admin.ok_or(AccountError::BadInvite)?;
                        accounts::set_admin(s, account, is_admin).await?;
                    }
                    let sealed = sealing.seal(account, &pair.private)?;
                    keys::insert_verification_key(s, account, &pair.public, Some(&sealed), now).await?;
                    let key = new_api_key(account, DEFAULT_KEY_NAME, KeyTerms::default(), now);
                    keys::insert_api_key(s, &key).await?;
                    Ok::<_, AccountError>(key)
                })
            })
            .await?;
        Ok(Registered {
            account: key.account,
            api_key: self.tokens.api_key(&key)?,
            rsa_private_key: private_line,
            rsa_public_key: public.to_line(),
        })
    }

    /// The account with this e-mail address, in any case and with blanks around it.
    ///
    /// # Errors
    ///
    /// A failure of the database. What cannot be an address has no account.
    pub async fn find_by_email(&self, email: &str) -> Result<Option<Account>, AccountError> {
        let Ok(email) = Email::parse(email) else {
            return Ok(None);
        };
        let find = self
            .db
            .read(|s| Box::pin(async move { accounts::find_account_by_email(s, email.as_str()).await }));
        Ok(find.await?)
    }

    /// What the account was given at registration, or has now in its place.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchAccount`], [`AccountError::WrongServerKey`], or a failure.
    pub async fn show(&self, id: AccountId) -> Result<Credentials, AccountError> {
        let now = self.clock.now();
        let (account, api_keys, verification_keys) = self
            .db
            .read(move |s| {
                Box::pin(async move {
                    let account = accounts::find_account(s, id).await?;
                    let api_keys = keys::list_live_api_keys(s, id).await?;
                    Ok((account, api_keys, keys::verification_keys(s, id, now).await?))
                })
            })
            .await?;
        let account = account.ok_or(AccountError::NoSuchAccount)?;
        let newest = verification_keys.first().ok_or(AccountError::NoSuchAccount)?;
        let main = self.main_of(&api_keys);
        Ok(Credentials {
            account: id,
            email: account.email,
            api_key: main.map(|key| self.tokens.api_key(key)).transpose()?,
            rsa_private_key: self.private_line(id, newest)?,
            rsa_public_key: PublicKey::from_der(&newest.public_key)?.to_line(),
        })
    }

    /// The private half of a pair, PKCS#8 DER as one line of base64, if it was made here.
    fn private_line(
        &self,
        account: AccountId,
        key: &VerificationKey,
    ) -> Result<Option<SecretString>, AccountError> {
        let Some(sealed) = &key.sealed_private_key else { return Ok(None) };
        let der = self.sealing.open(account, sealed).ok_or(AccountError::WrongServerKey)?;
        Ok(Some(verification::private_line(&der)))
    }
}

/// A row for a new API key.
fn new_api_key(account: AccountId, name: &str, terms: KeyTerms, now: Timestamp) -> ApiKey {
    ApiKey {
        id: new_id(now),
        account,
        name: name.to_owned(),
        created_at: now,
        revoked_at: None,
        terms,
        uses: 0,
        last_used_at: None,
        replaced_by: None,
    }
}

fn check_overlap(overlap: Duration) -> Result<(), AccountError> {
    if overlap > MAX_OVERLAP { Err(AccountError::BadOverlap) } else { Ok(()) }
}

/// A UUID of version 7, by our clock.
fn new_id(now: Timestamp) -> String {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, millis / 1000, nanos)).to_string()
}
