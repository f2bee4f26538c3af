//! Links with which somebody may register. Who makes them and how long they are good is decided in the house.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Row, Session, TokenHash};

/// The columns of an [`Invite`] in its order.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, note, is_admin, made_by, created_at, expires_at, account_id FROM account_invites ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO account_invites (token_hash, id, note, is_admin, made_by, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND = select!("WHERE token_hash = $1");
    LIST = select!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
    // One statement, so that of two that come at once one is refused.
    USE = "UPDATE account_invites SET account_id = $1 WHERE token_hash = $2 AND account_id IS NULL AND expires_at > $3
           RETURNING is_admin";
    DELETE = "DELETE FROM account_invites WHERE id = $1 AND account_id IS NULL";
    DELETE_OWN = "DELETE FROM account_invites WHERE made_by IS NULL AND account_id IS NULL AND is_admin = 1 AND note = $1";
    PURGE = "DELETE FROM account_invites WHERE expires_at <= $1";
}

/// A link with which somebody may register, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// A UUID; later ones sort behind.
    pub id: String,
    /// For whom it is, in the words of whoever made it.
    pub note: String,
    /// Whether who registers with it administers the server.
    pub is_admin: bool,
    /// Who made it, if it was not the server or its operator.
    pub made_by: Option<AccountId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it is not good.
    pub expires_at: Timestamp,
    /// Who has registered with it.
    pub used_by: Option<AccountId>,
}

impl Invite {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            note: row.get(1)?,
            is_admin: row.get::<i64>(2)? == 1,
            made_by: row.get(3)?,
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
            used_by: row.get(6)?,
        })
    }
}

/// Adds an invitation that nobody has used.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_invite(s: &mut Session<'_>, token: &TokenHash, invite: &Invite) -> Result<(), DbError> {
    let params = [
        token.as_slice().into(),
        invite.id.as_str().into(),
        invite.note.as_str().into(),
        i64::from(invite.is_admin).into(),
        invite.made_by.into(),
        invite.created_at.into(),
        invite.expires_at.into(),
    ];
    s.execute(INSERT, &params).await.map(drop)
}

/// The invitation in this link, used or not, however old.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_invite(s: &mut Session<'_>, token: &TokenHash) -> Result<Option<Invite>, DbError> {
    s.query_opt(FIND, &[token.as_slice().into()]).await?.as_ref().map(Invite::from_row).transpose()
}

/// Up to `limit` invitations whose ids come before `before`, newest first.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_invites(s: &mut Session<'_>, before: &str, limit: u32) -> Result<Vec<Invite>, DbError> {
    s.query(LIST, &[before.into(), i64::from(limit).into()]).await?.iter().map(Invite::from_row).collect()
}

/// Uses an invitation for a new account, in the transaction that makes it: whether it is one for an administrator, or nothing when
/// it is not good.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn use_invite(
    s: &mut Session<'_>,
    token: &TokenHash,
    account: AccountId,
    now: Timestamp,
) -> Result<Option<bool>, DbError> {
    let row = s.query_opt(USE, &[account.into(), token.as_slice().into(), now.into()]).await?;
    row.map(|row| Ok(row.get::<i64>(0)? == 1)).transpose()
}

/// Removes an invitation that nobody has used; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete_invite(s: &mut Session<'_>, id: &str) -> Result<bool, DbError> {
    Ok(s.execute(DELETE, &[id.into()]).await? == 1)
}

/// Removes the server's own invitations for an administrator with this note that nobody has used.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete_own_invites(s: &mut Session<'_>, note: &str) -> Result<(), DbError> {
    s.execute(DELETE_OWN, &[note.into()]).await.map(drop)
}

/// Removes all invitations that expired by `cutoff`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn purge_invites(s: &mut Session<'_>, cutoff: Timestamp) -> Result<(), DbError> {
    s.execute(PURGE, &[cutoff.into()]).await.map(drop)
}
