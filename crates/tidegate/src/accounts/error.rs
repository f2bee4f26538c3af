//! What can go wrong with accounts, each in words for whoever asked.

use crate::db::{DbError, scopes::Scope};

/// The cryptography library refused to work: no randomness, or a broken build. Nothing a caller can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptography library failed")]
pub struct CryptoError;

impl From<aws_lc_rs::error::Unspecified> for CryptoError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

/// Why an account could not be made, changed or shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The e-mail address cannot be one.
    #[error("this is not an e-mail address; it looks like name@example.org, at most 254 bytes")]
    BadEmail,
    /// Somebody has it.
    #[error("there is an account with this e-mail address already")]
    EmailTaken,
    /// Too short to protect anything, or too long to hash.
    #[error("a password has 8 to 1024 bytes")]
    BadPassword,
    /// It is not the account's.
    #[error("the password is not right")]
    WrongPassword,
    /// What an API key is for.
    #[error("choose at least one thing that the API key may be used for")]
    NoScope,
    /// The name of an API key.
    #[error("the name of an API key has 1 to 255 bytes and no control characters")]
    BadKeyName,
    /// When an API key is to end.
    #[error("an API key expires in the future, or not at all")]
    BadExpiry,
    /// How often an API key may be used.
    #[error("an API key may be used once or more often, or without a bound")]
    BadMaxUses,
    /// How names must begin.
    #[error("the beginning of names has 1 to 255 characters, none of them a control character")]
    BadNamePrefix,
    /// How long a replaced key may stay good.
    #[error("a key that is replaced may stay good for 30 days at most")]
    BadOverlap,
    /// Another key has its name now.
    #[error("this API key has been replaced already; replace the one that has its name now")]
    KeyReplaced,
    /// As many count as are tried for a signature.
    #[error(
        "eight verification keys count already; end one of them first, or replace them without an overlap"
    )]
    TooManySigningKeys,
    /// The account has a live key of that name.
    #[error("there is an API key of this name already; revoke it first or choose another name")]
    KeyNameTaken,
    /// Nothing can be uploaded in the account's name.
    #[error(
        "no API key of yours may pin everything: make one with the scope \"pin\", for all names and any number of uses"
    )]
    NoUploadKey,
    /// The account has as many as it may.
    #[error("an account has at most 100 API keys; revoke one that is not used")]
    TooManyKeys,
    /// No live key of that name.
    #[error("there is no API key of this name")]
    NoSuchKey,
    /// The account has as many as it may.
    #[error("an account has at most 100 wallets; remove one that is not used")]
    TooManyWallets,
    /// Not one of the account's.
    #[error("the account does not have this wallet")]
    NoSuchWallet,
    /// The text that the wallet signed is not good any more, or never was.
    #[error("the text that the wallet signed is good for a quarter of an hour; sign the new one")]
    WalletTextOver,
    /// The signature is not that of the wallet over the text.
    #[error("the signature is not that of this wallet over the text; sign exactly the text that is shown")]
    WalletNotSigned,
    /// Nobody may register with it.
    #[error(
        "this invitation is not good: it has been used, has expired or was taken back; ask for a new one"
    )]
    BadInvite,
    /// For whom an invitation is.
    #[error("the note of an invitation has at most 255 bytes and no control characters")]
    BadNote,
    /// No such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// Somebody has to be left who can let others in.
    #[error("this is the last administrator who can sign in; make somebody else one first")]
    LastAdmin,
    /// Used, replaced by a newer one, over, or never made.
    #[error("this link is not good, or not any more; ask an administrator for a new one")]
    NoSuchLink,
    /// The public key that was brought is none.
    #[error(transparent)]
    BadPublicKey(#[from] super::verification::PublicKeyError),
    /// A sealed private key does not open.
    #[error("a stored private key does not open: the server key is not the one it was stored with")]
    WrongServerKey,
    /// The cryptography library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why a caller is not who they say, or may not do this. The first ones are a 401, a missing scope and a counted key are a 403.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Not a token of this kind, or not one of ours.
    #[error("the token is not valid")]
    Invalid,
    /// It was valid once.
    #[error("the token has expired; ask for a new one")]
    Expired,
    /// Its API key was revoked.
    #[error("the API key has been revoked")]
    Revoked,
    /// Its API key was good until some moment.
    #[error("the API key has expired")]
    KeyExpired,
    /// An administrator has shut the account out.
    #[error("the account has been disabled by an administrator")]
    Disabled,
    /// The e-mail address or the password; which of them is not said.
    #[error("the e-mail address or the password is wrong")]
    WrongPassword,
    /// This server is an Endpoint, which knows no API keys. Holds the address of its Cloud.
    #[error("this is an Endpoint, which takes uploads; everything else is at its Cloud, {0}")]
    Elsewhere(String),
    /// This server is an Endpoint, and its Cloud cannot say now whether a token is good.
    #[error("this Endpoint cannot ask its Cloud about this token now; try again soon")]
    CloudAway,
    /// The key may be used so many times, which the Endpoints of a Cloud cannot count together.
    #[error("an API key with a limited number of uses is not taken by an Endpoint; use another one")]
    Counted,
    /// The caller is known, and their key is not for this.
    #[error("this needs an API key with the scope \"{0}\", which the one given does not have")]
    MissingScope(Scope),
    /// The caller is known, and their key was good for so many things and no more.
    #[error("the API key has been used as often as it may be")]
    UsedUp,
    /// The question could not be answered.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The question could not be answered.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl AuthError {
    /// Whether what the caller has shown is not good. Else it is, or nobody can tell.
    #[must_use]
    pub fn is_the_callers(&self) -> bool {
        !matches!(self, Self::MissingScope(_) | Self::UsedUp | Self::Db(_) | Self::Crypto(_))
    }
}
