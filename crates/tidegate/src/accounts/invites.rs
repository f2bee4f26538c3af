//! Who may register at the panel: everybody, or whoever has a link that is good once.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::db::invites::{self, Invite};
use crate::db::{AccountId, DbError, accounts};

use super::random_token::{hash_of, new_token};
use super::{AccountError, Accounts, CryptoError, new_id};

/// How long an invitation is good.
pub const INVITATION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long an invitation can be looked at after its end.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The longest note, in bytes.
const NOTE_BYTES: usize = 255;

/// The note of the invitation for the first administrator, of which there is one at a time.
const FIRST: &str = "the first administrator";

impl Accounts {
    /// Makes an invitation, and the token in its link, which is not kept.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadNote`] or a failure.
    pub async fn invite(
        &self,
        made_by: Option<AccountId>,
        note: &str,
        is_admin: bool,
    ) -> Result<(Invite, SecretString), AccountError> {
        if note.len() > NOTE_BYTES || note.contains(char::is_control) {
            return Err(AccountError::BadNote);
        }
        let now = self.clock.now();
        let token = new_token()?;
        let hash = hash_of(token.expose_secret()).ok_or(CryptoError)?;
        let invite = Invite {
            id: new_id(now),
            note: note.to_owned(),
            is_admin,
            made_by,
            created_at: now,
            expires_at: now.plus(INVITATION),
            used_by: None,
        };
        let made = self.db.write(move |s| {
            Box::pin(async move {
                invites::purge_invites(s, now.minus(KEPT)).await?;
                invites::insert_invite(s, &hash, &invite).await?;
                Ok(invite)
            })
        });
        Ok((made.await?, token))
    }

    /// The token with which the first administrator registers, or nothing if there is an administrator. A token that was made before
    /// is not good any more.
    ///
    /// # Errors
    ///
    /// A failure.
    pub async fn invite_first_admin(&self) -> Result<Option<SecretString>, AccountError> {
        let is_needed = self.db.write(|s| {
            Box::pin(async move {
                invites::delete_own_invites(s, FIRST).await?;
                Ok(!accounts::has_admin(s).await?)
            })
        });
        if !is_needed.await? {
            return Ok(None);
        }
        Ok(Some(self.invite(None, FIRST, true).await?.1))
    }

    /// The invitation that `token` opens, if it is good now.
    ///
    /// # Errors
    ///
    /// [`AccountError::BadInvite`] or a failure.
    pub async fn open_invite(&self, token: &str) -> Result<Invite, AccountError> {
        let hash = hash_of(token).ok_or(AccountError::BadInvite)?;
        let find = self.db.read(move |s| Box::pin(async move { invites::find_invite(s, &hash).await }));
        let now = self.clock.now();
        let good = find.await?.filter(|invite| invite.used_by.is_none() && now < invite.expires_at);
        good.ok_or(AccountError::BadInvite)
    }

    /// Up to `limit` invitations that come before the one with the id `before`, newest first, used and unused ones.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn list_invites(&self, before: Option<&str>, limit: u32) -> Result<Vec<Invite>, DbError> {
        // Behind all ids, which are hexadecimal.
        let before = before.unwrap_or("g").to_owned();
        self.db.read(move |s| Box::pin(async move { invites::list_invites(s, &before, limit).await })).await
    }

    /// Takes back an invitation that nobody has used; false when there is none of that id.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn revoke_invite(&self, id: &str) -> Result<bool, DbError> {
        let id = id.to_owned();
        self.db.write(move |s| Box::pin(async move { invites::delete_invite(s, &id).await })).await
    }
}
