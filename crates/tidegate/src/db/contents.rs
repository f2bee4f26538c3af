//! What is stored: one row per archive, a short index of the blocks in it, and archives on their way in.
//!
//! All of it can be rebuilt from the archives themselves. Who wants a content kept is in `pins`.

use std::fmt::Write as _;

use crate::clock::Timestamp;

use super::statements::statements;
use super::value::{FromValue, Value};
use super::{ContentId, DbError, Engine, Row, Session};

statements! {
    FIND = "SELECT id, root, kind, size, car_bytes, block_count, created_at FROM contents WHERE root = $1";
    LIST = "SELECT id, root, kind, size, car_bytes, block_count, created_at FROM contents
            WHERE id > $1 ORDER BY id LIMIT $2";
    INSERT = "INSERT INTO contents (root, kind, size, car_bytes, block_count, created_at)
              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (root) DO NOTHING RETURNING id";
    // Many rows from one text parameter, "1,-2,3": the one thing that the engines must be told differently.
    INSERT_BLOCKS_SQLITE on Sqlite = "INSERT INTO blocks (prefix, content_id)
        SELECT value, $1 FROM json_each('[' || $2 || ']') WHERE true ON CONFLICT DO NOTHING";
    INSERT_BLOCKS_POSTGRES on Postgres = "INSERT INTO blocks (prefix, content_id)
        SELECT prefix, $1 FROM unnest(CAST(string_to_array($2, ',') AS bigint[])) AS prefix ON CONFLICT DO NOTHING";
    PUBLIC_ROOTS_WITH_BLOCK = "SELECT contents.root FROM blocks JOIN contents ON contents.id = blocks.content_id
        WHERE blocks.prefix = $1 AND EXISTS
            (SELECT 1 FROM pins WHERE pins.root = contents.root AND pins.visibility = 'public')
        ORDER BY contents.id LIMIT $2";
    TOUCH = "UPDATE contents SET root = root WHERE root = $1";
    REMOVE = "DELETE FROM contents WHERE root = $1";
    ANNOUNCE = "INSERT INTO incoming (root, node, started_at) VALUES ($1, $2, $3)
                ON CONFLICT (root) DO UPDATE SET node = excluded.node, started_at = excluded.started_at";
    FORGET = "DELETE FROM incoming WHERE root = $1";
    INCOMING_OF = "SELECT root FROM incoming WHERE node = $1 ORDER BY started_at, root";
    TOTALS = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM pins), count(*),
                     CAST(COALESCE(sum(size), 0) AS BIGINT), CAST(COALESCE(sum(car_bytes), 0) AS BIGINT),
                     CAST(COALESCE(sum(block_count), 0) AS BIGINT)
              FROM contents";
}

/// Block prefixes that one statement inserts: some 200 KB of text.
const BLOCKS_PER_STATEMENT: usize = 10_000;

/// Archives that are tried for one inner block. Popular blocks (an empty folder) are in very many.
const MAX_HOLDERS: i64 = 32;

/// What the root of a content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentKind {
    /// A UnixFS file or a raw block.
    File,
    /// A UnixFS directory.
    Directory,
    /// Any other graph.
    Other,
}

impl ContentKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Other => "other",
        }
    }
}

impl FromValue for ContentKind {
    fn from_value(value: &Value) -> Option<Self> {
        match String::from_value(value)?.as_str() {
            "file" => Some(Self::File),
            "directory" => Some(Self::Directory),
            "other" => Some(Self::Other),
            _ => None,
        }
    }
}

/// An archive to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContent {
    /// The root as CIDv1 base32 text.
    pub root: String,
    /// What the root is.
    pub kind: ContentKind,
    /// Bytes of the file or of all files below.
    pub size: u64,
    /// Bytes of the archive.
    pub car_bytes: u64,
    /// Blocks in the archive.
    pub block_count: u64,
}

/// A recorded archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its id; higher means recorded later.
    pub id: ContentId,
    /// What was recorded.
    pub content: NewContent,
    /// When.
    pub created_at: Timestamp,
}

impl Content {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            content: NewContent {
                root: row.get(1)?,
                kind: row.get(2)?,
                size: row.get(3)?,
                car_bytes: row.get(4)?,
                block_count: row.get(5)?,
            },
            created_at: row.get(6)?,
        })
    }
}

/// Sums over everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Registered accounts.
    pub accounts: u64,
    /// Pins of all accounts.
    pub pins: u64,
    /// Recorded archives.
    pub contents: u64,
    /// Bytes of the files in them.
    pub size: u64,
    /// Bytes of the archives.
    pub car_bytes: u64,
    /// Blocks in them.
    pub blocks: u64,
}

/// The archive with this root.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_content(s: &mut Session<'_>, root: &str) -> Result<Option<Content>, DbError> {
    s.query_opt(FIND, &[root.into()]).await?.as_ref().map(Content::from_row).transpose()
}

/// Up to `limit` archives whose ids come after `after`, in order of id. Start with `ContentId(0)`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn contents_after(
    s: &mut Session<'_>,
    after: ContentId,
    limit: u32,
) -> Result<Vec<Content>, DbError> {
    let rows = s.query(LIST, &[after.into(), i64::from(limit).into()]).await?;
    rows.iter().map(Content::from_row).collect()
}

/// Records an archive; nothing when its root is recorded already, and then its blocks are too.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_content(
    s: &mut Session<'_>,
    content: &NewContent,
    now: Timestamp,
) -> Result<Option<ContentId>, DbError> {
    let params = [
        content.root.as_str().into(),
        content.kind.as_str().into(),
        content.size.into(),
        content.car_bytes.into(),
        content.block_count.into(),
        now.into(),
    ];
    s.query_opt(INSERT, &params).await?.map(|row| row.get(0)).transpose()
}

/// Adds the blocks of an archive to the index. A prefix is the first eight bytes of a digest as a big-endian
/// number; repeated ones count once. Sorted prefixes are inserted several times faster.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_blocks(s: &mut Session<'_>, content: ContentId, prefixes: &[i64]) -> Result<(), DbError> {
    let sql = match s.engine() {
        Engine::Sqlite => INSERT_BLOCKS_SQLITE,
        Engine::Postgres => INSERT_BLOCKS_POSTGRES,
    };
    for chunk in prefixes.chunks(BLOCKS_PER_STATEMENT) {
        s.execute(sql, &[content.into(), comma_separated(chunk).into()]).await?;
    }
    Ok(())
}

/// Roots of archives that hold a block with this prefix and that somebody has pinned publicly; oldest first, at most 32.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn public_roots_with_block(s: &mut Session<'_>, prefix: i64) -> Result<Vec<String>, DbError> {
    let rows = s.query(PUBLIC_ROOTS_WITH_BLOCK, &[prefix.into(), MAX_HOLDERS.into()]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Announces that `node` is about to put an archive in place, or to remove it: its file may be there without a record.
/// Announcing again takes it over.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn announce_incoming(
    s: &mut Session<'_>,
    root: &str,
    node: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    s.execute(ANNOUNCE, &[root.into(), node.into(), now.into()]).await.map(drop)
}

/// Takes an announcement back: in the transaction that records the archive, or when it will not come.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn forget_incoming(s: &mut Session<'_>, root: &str) -> Result<(), DbError> {
    s.execute(FORGET, &[root.into()]).await.map(drop)
}

/// Roots that `node` announced and never finished, oldest first.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn incoming_of(s: &mut Session<'_>, node: &str) -> Result<Vec<String>, DbError> {
    s.query(INCOMING_OF, &[node.into()]).await?.iter().map(|row| row.get(0)).collect()
}

/// Sums over everything, for metrics and the operator.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn totals(s: &mut Session<'_>) -> Result<Totals, DbError> {
    let row = s.query_one(TOTALS, &[]).await?;
    Ok(Totals {
        accounts: row.get(0)?,
        pins: row.get(1)?,
        contents: row.get(2)?,
        size: row.get(3)?,
        car_bytes: row.get(4)?,
        blocks: row.get(5)?,
    })
}

/// Is the archive recorded? If so, transactions that remove it or touch it too wait until this one ends.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn touch(s: &mut Session<'_>, root: &str) -> Result<bool, DbError> {
    Ok(s.execute(TOUCH, &[root.into()]).await? == 1)
}

/// Removes an archive's row and its blocks from the index; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn remove_content(s: &mut Session<'_>, root: &str) -> Result<bool, DbError> {
    Ok(s.execute(REMOVE, &[root.into()]).await? == 1)
}

fn comma_separated(numbers: &[i64]) -> String {
    let mut text = String::with_capacity(numbers.len() * 21);
    for (index, number) in numbers.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{number}");
    }
    text
}
