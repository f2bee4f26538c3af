//! Links that take uploads without a key: made with one, as good as it is, and for so many uploads.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::db::links::{self, UploadLink};
use crate::db::pins::Visibility;
use crate::db::scopes::{Scope, Scopes};
use crate::db::{AccountId, DbError};

use super::random_token::{hash_of, new_token};
use super::tokens::Holder;
use super::{Accounts, AuthError, Caller, CryptoError, new_id};

/// The longest time a link may be good.
pub const MAX_LINK_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Links of one account that have not expired.
const MAX_LIVE: u64 = 10_000;

/// How long a link can be looked at after its end.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a link is to be good for.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// How long.
    pub lifetime: Duration,
    /// For how many uploads.
    pub max_uses: u64,
    /// Bytes of content in one of them.
    pub max_size: Option<u64>,
    /// The CID that the content must have, as it was given.
    pub cid: Option<String>,
    /// The name of the import that decides the CID.
    pub profile: Option<String>,
    /// What the pin is called.
    pub name: Option<String>,
    /// Who may read the content.
    pub visibility: Option<Visibility>,
}

/// Why a link could not be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is none with this token or id.
    #[error("there is no such upload link")]
    Unknown,
    /// It was good until some moment.
    #[error("this upload link has expired")]
    Expired,
    /// It took as many uploads as it was for.
    #[error("this upload link has been used as often as it may be")]
    UsedUp,
    /// The key that made it is not good any more, or not for this.
    #[error("the API key that made this upload link does not let it take uploads any more: {0}")]
    Key(AuthError),
    /// The account has as many as it may.
    #[error("an account has at most {MAX_LIVE} upload links that are good; remove some")]
    TooMany,
    /// The key that makes it is for other names.
    #[error("this API key pins only what has a name that begins with {0:?}")]
    OutsidePrefix(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The cryptography library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Accounts {
    /// Makes a link in the caller's name, and the token that opens it, which is not kept.
    ///
    /// # Errors
    ///
    /// [`LinkError::OutsidePrefix`], [`LinkError::TooMany`], or a failure.
    pub async fn add_link(
        &self,
        caller: &Caller,
        new: NewLink,
    ) -> Result<(UploadLink, SecretString), LinkError> {
        let prefix = caller.terms.name_prefix.as_deref().unwrap_or_default();
        if new.name.as_ref().is_some_and(|name| !name.starts_with(prefix)) {
            return Err(LinkError::OutsidePrefix(prefix.to_owned()));
        }
        let now = self.clock.now();
        let end = now.plus(new.lifetime);
        let link = UploadLink {
            id: new_id(now),
            account: caller.account,
            key: caller.key.clone(),
            created_at: now,
            expires_at: caller.terms.expires_at.map_or(end, |key_end| end.min(key_end)),
            max_uses: new.max_uses,
            uses: 0,
            max_size: new.max_size,
            cid: new.cid,
            profile: new.profile,
            name: new.name,
            visibility: new.visibility,
        };
        let token = new_token()?;
        let hash = hash_of(token.expose_secret()).ok_or(CryptoError)?;
        let made = self.db.try_write(move |s| {
            Box::pin(async move {
                links::purge_links(s, now.minus(KEPT)).await?;
                // Two at once may both be the last: this is a bound, not a count.
                if links::count_live_links(s, link.account, now).await? >= MAX_LIVE {
                    return Err(LinkError::TooMany);
                }
                links::insert_link(s, &link, &hash).await?;
                Ok(link)
            })
        });
        Ok((made.await?, token))
    }

    /// The account's link with this id; only if `key` made it, where one is given.
    ///
    /// # Errors
    ///
    /// [`LinkError::Unknown`] or a failure.
    pub async fn find_link(
        &self,
        account: AccountId,
        key: Option<&str>,
        id: &str,
    ) -> Result<UploadLink, LinkError> {
        let id = id.to_owned();
        let find = self.db.read(move |s| Box::pin(async move { links::find_link(s, account, &id).await }));
        let link = find.await?.filter(|link| key.is_none_or(|key| link.key == key));
        link.ok_or(LinkError::Unknown)
    }

    /// Removes the account's link with this id, which takes nothing from then on; only if `key` made it, where one is given.
    ///
    /// # Errors
    ///
    /// [`LinkError::Unknown`] or a failure.
    pub async fn remove_link(
        &self,
        account: AccountId,
        key: Option<&str>,
        id: &str,
    ) -> Result<(), LinkError> {
        let (key, id) = (key.map(str::to_owned), id.to_owned());
        let removed = self.db.write(move |s| {
            Box::pin(async move { links::delete_link(s, account, key.as_deref(), &id).await })
        });
        if removed.await? { Ok(()) } else { Err(LinkError::Unknown) }
    }

    /// The link that `token` opens, and in whose name it takes an upload now. Whether it still does is asked again when the upload
    /// becomes a pin.
    ///
    /// # Errors
    ///
    /// Why it does not, or a failure.
    pub async fn open_link(&self, token: &str) -> Result<(UploadLink, Caller), LinkError> {
        let hash = hash_of(token).ok_or(LinkError::Unknown)?;
        let find = self.db.read(move |s| Box::pin(async move { links::find_link_by_token(s, &hash).await }));
        let link = find.await?.ok_or(LinkError::Unknown)?;
        if self.clock.now() >= link.expires_at {
            return Err(LinkError::Expired);
        }
        if link.uses >= link.max_uses {
            return Err(LinkError::UsedUp);
        }
        let holder = Holder { account: link.account, key: link.key.clone(), prefix: None };
        let caller = self.caller(holder).await.and_then(|caller| {
            caller.may(Scopes::of_bits(Scope::Pin.bits()))?;
            Ok(caller)
        });
        match caller {
            Ok(caller) => Ok((link, caller)),
            Err(AuthError::Db(error)) => Err(error.into()),
            Err(AuthError::Crypto(error)) => Err(error.into()),
            Err(error) => Err(LinkError::Key(error)),
        }
    }
}
