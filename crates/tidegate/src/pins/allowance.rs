//! In whose name something is pinned or removed, and what their API key lets them: so many things, with names that begin in a certain
//! way. What is spent is spent in the transaction of what it pays for.

use super::PinError;
use crate::{
    accounts::Caller,
    clock::Timestamp,
    db::{
        AccountId, Session, keys, links,
        pins::{self, NewPin, PinSource},
    },
};

/// See the module's documentation. An [`AccountId`] alone stands for the account itself, which may do everything.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// Who pays.
    pub account: AccountId,
    /// The key whose uses are bounded.
    metered_key: Option<String>,
    /// The upload link, whose uses always are.
    link: Option<String>,
    /// How names must begin; empty for any name.
    name_prefix: String,
}

impl From<AccountId> for Allowance {
    fn from(account: AccountId) -> Self {
        Self { account, metered_key: None, link: None, name_prefix: String::new() }
    }
}

impl From<&Caller> for Allowance {
    fn from(caller: &Caller) -> Self {
        Self {
            account: caller.account,
            metered_key: caller.terms.max_uses.map(|_| caller.key.clone()),
            link: None,
            name_prefix: caller.terms.name_prefix.clone().unwrap_or_default(),
        }
    }
}

impl Allowance {
    /// The same by an upload link, by its id, which costs the link a use, too.
    #[must_use]
    pub fn by_link(self, link: &str) -> Self {
        Self { link: Some(link.to_owned()), ..self }
    }

    /// How names must begin; empty for any name.
    pub(super) fn name_prefix(&self) -> &str {
        &self.name_prefix
    }

    /// Whether something of this name may be pinned or removed.
    ///
    /// # Errors
    /// [`PinError::OutsidePrefix`].
    pub(super) fn check_name(&self, name: Option<&str>) -> Result<(), PinError> {
        if name.unwrap_or_default().starts_with(&self.name_prefix) {
            Ok(())
        } else {
            Err(PinError::OutsidePrefix(self.name_prefix.clone()))
        }
    }

    /// Whether a pin of this may be made or renewed: also what it would take the place of has to have a name that is right.
    ///
    /// # Errors
    /// [`PinError::OutsidePrefix`], or a failure of the database.
    pub(super) async fn check_pin(&self, s: &mut Session<'_>, pin: &NewPin) -> Result<(), PinError> {
        self.check_name(pin.name.as_deref())?;
        if self.name_prefix.is_empty() || pin.source == PinSource::Psa {
            return Ok(());
        }
        for held in pins::pins_of_root(s, self.account, &pin.root).await? {
            if held.pin.source == pin.source {
                self.check_name(held.pin.name.as_deref())?;
            }
        }
        Ok(())
    }

    /// Takes a use where they are bounded.
    ///
    /// # Errors
    /// [`PinError::KeyUsedUp`], [`PinError::LinkUsedUp`], or a failure of the database.
    pub(super) async fn spend(&self, s: &mut Session<'_>, now: Timestamp) -> Result<(), PinError> {
        if let Some(link) = &self.link
            && !links::spend_use(s, link, now).await?
        {
            return Err(PinError::LinkUsedUp);
        }
        if let Some(key) = &self.metered_key
            && !keys::spend_use(s, key, now).await?
        {
            return Err(PinError::KeyUsedUp);
        }
        Ok(())
    }
}
