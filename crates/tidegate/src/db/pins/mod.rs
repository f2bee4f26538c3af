//! Pins: which account wants which content kept, and who may see it. In `pages` they are gone through.

pub mod pages;

use crate::clock::Timestamp;

use super::statements::statements;
use super::tallies::Tally;
use super::value::{FromValue, Value};
use super::{AccountId, DbError, PinId, Row, Session, accounts};

/// The columns of a [`Pin`] in its order.
macro_rules! columns {
    ($before:expr, $rest:expr) => {
        concat!(
            $before,
            " id, account_id, root, cid, name, meta, visibility, source, size, created_at, pinned_at, repeats ",
            $rest
        )
    };
}
use columns;

statements! {
    UPSERT = columns!("INSERT INTO pins
                  (account_id, root, cid, name, name_key, meta, visibility, source, size, created_at, pinned_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
              ON CONFLICT (account_id, root, source) WHERE source <> 'psa' DO UPDATE SET
                  cid = excluded.cid, name = excluded.name, name_key = excluded.name_key, meta = excluded.meta,
                  visibility = excluded.visibility, pinned_at = excluded.pinned_at, repeats = pins.repeats + 1
              RETURNING", "");
    UPSERT_BUT_VISIBILITY = columns!("INSERT INTO pins
                  (account_id, root, cid, name, name_key, meta, visibility, source, size, created_at, pinned_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
              ON CONFLICT (account_id, root, source) WHERE source <> 'psa' DO UPDATE SET
                  cid = excluded.cid, name = excluded.name, name_key = excluded.name_key, meta = excluded.meta,
                  pinned_at = excluded.pinned_at, repeats = pins.repeats + 1
              RETURNING", "");
    PINNED_AT = "SELECT pinned_at FROM pins WHERE account_id = $1 AND root = $2 AND source = $3 AND source <> 'psa'";
    FIND = columns!("SELECT", "FROM pins WHERE account_id = $1 AND id = $2");
    OF_ROOT = columns!("SELECT", "FROM pins WHERE account_id = $1 AND root = $2 ORDER BY id LIMIT 1000");
    OF_ROOT_NAMED = columns!("SELECT", "FROM pins WHERE account_id = $1 AND root = $2
                   AND substr(COALESCE(name, ''), 1, length(CAST($3 AS TEXT))) = $3 ORDER BY id LIMIT 1000");
    LIST_NEWEST = columns!("SELECT", "FROM pins WHERE account_id = $1 AND pinned_at >= $2 AND pinned_at <= $3
                   ORDER BY pinned_at DESC, id DESC LIMIT $4 OFFSET $5");
    LIST_OLDEST = columns!("SELECT", "FROM pins WHERE account_id = $1 AND pinned_at >= $2 AND pinned_at <= $3
                   ORDER BY pinned_at, id LIMIT $4 OFFSET $5");
    COUNT = "SELECT count(*) FROM pins WHERE account_id = $1 AND pinned_at >= $2 AND pinned_at < $3";
    DELETE = columns!("DELETE FROM pins WHERE account_id = $1 AND id = $2 RETURNING", "");
    OTHER_OF_ROOT = "SELECT 1 FROM pins WHERE account_id = $1 AND root = $2 AND id <> $3 LIMIT 1";
    HAS_PINS = "SELECT 1 FROM pins WHERE root = $1 LIMIT 1";
    IS_PUBLIC = "SELECT 1 FROM pins WHERE root = $1 AND visibility = 'public' LIMIT 1";
    COUNT_OF_ROOT = "SELECT count(*) FROM pins WHERE root = $1";
    WITHOUT_CONTENT = "SELECT root, count(*) FROM pins
                       WHERE root > $1 AND NOT EXISTS (SELECT 1 FROM contents WHERE contents.root = pins.root)
                       AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.pin_id = pins.id AND jobs.endpoint_id IS NOT NULL)
                       GROUP BY root ORDER BY root LIMIT $2";
}

/// Who may read a pinned content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Anyone who knows its CID.
    Public,
    /// Only who was granted it.
    Private,
}

impl Visibility {
    /// Its name: `public` or `private`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }

    /// The visibility of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Public, Self::Private].into_iter().find(|visibility| visibility.as_str() == name)
    }
}

impl FromValue for Visibility {
    fn from_value(value: &Value) -> Option<Self> {
        Self::by_name(&String::from_value(value)?)
    }
}

/// Which door a pin came through. The same content through two doors is two pins, and the same once more through one door renews
/// its pin, but for the Pinning Service API, where each request is a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinSource {
    /// An upload to `/pinning/pinFile`.
    PinFile,
    /// A CID given to `/pinning/pinByHash`.
    PinByHash,
    /// An address given to `/pinning/pinFromS3`.
    PinFromS3,
    /// A request of the Pinning Service API; each is a pin of its own.
    Psa,
    /// Pinata's older API.
    Pinata,
}

impl PinSource {
    const ALL: [Self; 5] = [Self::PinFile, Self::PinByHash, Self::PinFromS3, Self::Psa, Self::Pinata];

    /// As it is stored and counted.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PinFile => "pin_file",
            Self::PinByHash => "pin_by_hash",
            Self::PinFromS3 => "pin_from_s3",
            Self::Psa => "psa",
            Self::Pinata => "pinata",
        }
    }

    /// The source of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }
}

impl FromValue for PinSource {
    fn from_value(value: &Value) -> Option<Self> {
        Self::by_name(&String::from_value(value)?)
    }
}

/// A pin to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPin {
    /// Who pins.
    pub account: AccountId,
    /// The content's root as CIDv1 base32 text.
    pub root: String,
    /// The CID as it was given, for answers.
    pub cid: String,
    /// The user's name for it.
    pub name: Option<String>,
    /// The user's metadata: a JSON object.
    pub meta: String,
    /// Who may read it.
    pub visibility: Visibility,
    /// Which door it came through.
    pub source: PinSource,
    /// Bytes that count against the quota.
    pub size: u64,
}

/// A recorded pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its id; higher means first pinned later.
    pub id: PinId,
    /// What was recorded.
    pub pin: NewPin,
    /// When it was first pinned.
    pub created_at: Timestamp,
    /// When it was last pinned: the date that users see and filter by.
    pub pinned_at: Timestamp,
    /// How often it was pinned again.
    pub repeats: u64,
}

impl Pin {
    /// Was it not there before? Asked of what [`upsert_pin`] returns.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.repeats == 0
    }

    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            pin: NewPin {
                account: row.get(1)?,
                root: row.get(2)?,
                cid: row.get(3)?,
                name: row.get(4)?,
                meta: row.get(5)?,
                visibility: row.get(6)?,
                source: row.get(7)?,
                size: row.get(8)?,
            },
            created_at: row.get(9)?,
            pinned_at: row.get(10)?,
            repeats: row.get(11)?,
        })
    }
}

/// Some pins of an account: a span of time and a page of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinQuery {
    /// Whose pins.
    pub account: AccountId,
    /// Pinned at or after this.
    pub from: Timestamp,
    /// Pinned at or before this.
    pub until: Timestamp,
    /// Newest first, or oldest first.
    pub newest_first: bool,
    /// Pins to leave out at the beginning.
    pub offset: u64,
    /// Pins to return at most.
    pub limit: u32,
}

/// Records a pin. The same account, root and source again is the one entry with a new date, name, metadata and
/// visibility ([`PinSource`] says when); [`Pin::is_new`] tells which it was. Locks the account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn upsert_pin(s: &mut Session<'_>, pin: &NewPin, now: Timestamp) -> Result<Pin, DbError> {
    put(s, UPSERT, pin, now).await
}

/// [`upsert_pin`], except that an entry that is there keeps its visibility.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn upsert_pin_as_visible_as_before(
    s: &mut Session<'_>,
    pin: &NewPin,
    now: Timestamp,
) -> Result<Pin, DbError> {
    put(s, UPSERT_BUT_VISIBILITY, pin, now).await
}

async fn put(s: &mut Session<'_>, sql: &'static str, pin: &NewPin, now: Timestamp) -> Result<Pin, DbError> {
    accounts::lock(s, pin.account).await?;
    let params = [pin.account.into(), pin.root.as_str().into(), pin.source.as_str().into()];
    if let Some(row) = s.query_opt(PINNED_AT, &params).await? {
        tally(pin.account).remove(s, row.get(0)?).await?;
    }
    tally(pin.account).add(s, now).await?;
    let params = [
        pin.account.into(),
        pin.root.as_str().into(),
        pin.cid.as_str().into(),
        pin.name.as_deref().into(),
        pages::key_of(pin).into(),
        pin.meta.as_str().into(),
        pin.visibility.as_str().into(),
        pin.source.as_str().into(),
        pin.size.into(),
        now.into(),
    ];
    Pin::from_row(&s.query_one(sql, &params).await?)
}

/// The account's pin with this id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_pin(s: &mut Session<'_>, account: AccountId, id: PinId) -> Result<Option<Pin>, DbError> {
    s.query_opt(FIND, &[account.into(), id.into()]).await?.as_ref().map(Pin::from_row).transpose()
}

/// The page of pins that `query` asks for. Pins of the same millisecond are in order of id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_pins(s: &mut Session<'_>, query: &PinQuery) -> Result<Vec<Pin>, DbError> {
    let sql = if query.newest_first { LIST_NEWEST } else { LIST_OLDEST };
    let params = [
        query.account.into(),
        query.from.into(),
        query.until.into(),
        i64::from(query.limit).into(),
        query.offset.into(),
    ];
    s.query(sql, &params).await?.iter().map(Pin::from_row).collect()
}

/// How many pins `query` has on all its pages.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_pins(s: &mut Session<'_>, query: &PinQuery) -> Result<u64, DbError> {
    // Times are whole milliseconds, so the end of a span that includes its end is one later.
    let end = Timestamp::from_millis(query.until.as_millis().saturating_add(1));
    let (mut count, rest) = tally(query.account).sum(s, query.from..end).await?;
    for span in rest {
        let params = [query.account.into(), span.start.into(), span.end.into()];
        count += s.query_one(COUNT, &params).await?.get::<u64>(0)?;
    }
    Ok(count)
}

fn tally(account: AccountId) -> Tally {
    Tally { account, what: "pins" }
}

/// The account's oldest pins of this root, at most 1000.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn pins_of_root(s: &mut Session<'_>, account: AccountId, root: &str) -> Result<Vec<Pin>, DbError> {
    s.query(OF_ROOT, &[account.into(), root.into()]).await?.iter().map(Pin::from_row).collect()
}

/// [`pins_of_root`] whose names begin with `names`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn pins_of_root_named(
    s: &mut Session<'_>,
    account: AccountId,
    root: &str,
    names: &str,
) -> Result<Vec<Pin>, DbError> {
    s.query(OF_ROOT_NAMED, &[account.into(), root.into(), names.into()])
        .await?
        .iter()
        .map(Pin::from_row)
        .collect()
}

/// Has the account another pin of the same content? Good until the transaction ends if the account is locked.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn has_other_pins(s: &mut Session<'_>, pin: &Pin) -> Result<bool, DbError> {
    let params = [pin.pin.account.into(), pin.pin.root.as_str().into(), pin.id.into()];
    Ok(s.query_opt(OTHER_OF_ROOT, &params).await?.is_some())
}

/// Has anybody pinned this root?
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn has_pins(s: &mut Session<'_>, root: &str) -> Result<bool, DbError> {
    Ok(s.query_opt(HAS_PINS, &[root.into()]).await?.is_some())
}

/// Removes the account's pin and returns it; nothing when there is none. Jobs that ended in it are removed before. Locks the
/// account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete_pin(s: &mut Session<'_>, account: AccountId, id: PinId) -> Result<Option<Pin>, DbError> {
    accounts::lock(s, account).await?;
    let row = s.query_opt(DELETE, &[account.into(), id.into()]).await?;
    let pin = row.as_ref().map(Pin::from_row).transpose()?;
    if let Some(pin) = &pin {
        tally(account).remove(s, pin.pinned_at).await?;
    }
    Ok(pin)
}

/// Has anybody pinned this root publicly?
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn is_public(s: &mut Session<'_>, root: &str) -> Result<bool, DbError> {
    Ok(s.query_opt(IS_PUBLIC, &[root.into()]).await?.is_some())
}

/// How many pins this root has, of all accounts.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_pins_of_root(s: &mut Session<'_>, root: &str) -> Result<u64, DbError> {
    s.query_one(COUNT_OF_ROOT, &[root.into()]).await?.get(0)
}

/// Up to `limit` roots behind `after` that are pinned here, not at an Endpoint, and have no recorded archive, each with how many pins it has. Start
/// with the empty text.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn pinned_roots_without_content(
    s: &mut Session<'_>,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, u64)>, DbError> {
    let rows = s.query(WITHOUT_CONTENT, &[after.into(), i64::from(limit).into()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
