//! What accounts and the server had and did, day by day. When that is noted, and for how long it is kept, is decided in the house.

use crate::clock::{Day, Timestamp};

use super::statements::statements;
use super::{AccountId, DbError, Session};

/// How many pins an account has, from its tallies.
macro_rules! pins {
    () => {
        "COALESCE((SELECT amount FROM tallies WHERE tallies.account_id = accounts.id
                   AND what = 'pins' AND span = 0 AND start = 0), 0)"
    };
}
pub(super) use pins;

statements! {
    LOOK = concat!(
        "SELECT id, used_bytes, ", pins!(), ",
             (SELECT bytes FROM usage_days WHERE account_id = accounts.id ORDER BY day DESC LIMIT 1),
             (SELECT pins FROM usage_days WHERE account_id = accounts.id ORDER BY day DESC LIMIT 1)
         FROM accounts WHERE id > $1 ORDER BY id LIMIT $2"
    );
    NOW = concat!("SELECT used_bytes, ", pins!(), " FROM accounts WHERE id = $1");
    PUT = "INSERT INTO usage_days (account_id, day, bytes, pins) VALUES ($1, $2, $3, $4)
           ON CONFLICT (account_id, day) DO UPDATE SET bytes = excluded.bytes, pins = excluded.pins";
    // The last row before the span says what its first days were like.
    OF_ACCOUNT = "SELECT day, bytes, pins FROM usage_days WHERE account_id = $1 AND day >=
                      COALESCE((SELECT max(day) FROM usage_days WHERE account_id = $1 AND day <= $2), $2)
                  ORDER BY day LIMIT $3";
    // And so it stays until a younger one can say that.
    FORGET = "DELETE FROM usage_days WHERE (account_id, day) IN
                  (SELECT account_id, day FROM usage_days AS old WHERE day < $1 AND EXISTS
                       (SELECT 1 FROM usage_days AS later WHERE later.account_id = old.account_id
                        AND later.day > old.day AND later.day <= $1)
                   LIMIT $2)";
    PUT_SERVER = "INSERT INTO server_days (day, noted_at, accounts, pins, contents, bytes) VALUES ($1, $2, $3, $4, $5, $6)
                  ON CONFLICT (day) DO UPDATE SET noted_at = excluded.noted_at, accounts = excluded.accounts,
                      pins = excluded.pins, contents = excluded.contents, bytes = excluded.bytes";
    OF_SERVER = "SELECT day, noted_at, accounts, pins, contents, bytes FROM server_days
                 WHERE day >= COALESCE((SELECT max(day) FROM server_days WHERE day <= $1), $1) ORDER BY day LIMIT $2";
    LATEST_OF_SERVER = "SELECT day, noted_at, accounts, pins, contents, bytes FROM server_days ORDER BY day DESC LIMIT 1";
    FORGET_SERVER = "DELETE FROM server_days WHERE day < $1";
    ADD_TRAFFIC = "INSERT INTO traffic_days (day, surface, requests, sent) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (day, surface) DO UPDATE SET
                       requests = traffic_days.requests + excluded.requests, sent = traffic_days.sent + excluded.sent";
    TRAFFIC = "SELECT day, surface, requests, sent FROM traffic_days WHERE day >= $1 ORDER BY day, surface LIMIT $2";
    FORGET_TRAFFIC = "DELETE FROM traffic_days WHERE day < $1";
}

/// Rows of one answer: more than there are days kept, and surfaces on each.
const MAX_ROWS: i64 = 20_000;

/// What somebody had pinned at some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Bytes of content, each root counted once.
    pub bytes: u64,
    /// Pins.
    pub pins: u64,
}

/// An account whose figures may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The account.
    pub account: AccountId,
    /// What it has now.
    pub now: Held,
    /// What was noted last; nothing for an account of which nothing was noted.
    pub noted: Option<Held>,
}

/// What the server held at some time of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerDay {
    /// The day.
    pub day: Day,
    /// When it was looked at.
    pub noted_at: Timestamp,
    /// Accounts.
    pub accounts: u64,
    /// Pins of all of them.
    pub pins: u64,
    /// Contents stored.
    pub contents: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// What one surface answered on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficDay {
    /// The day.
    pub day: Day,
    /// The surface's label in the metrics.
    pub surface: String,
    /// Requests answered.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub sent: u64,
}

/// Up to `limit` accounts whose ids come after `after`, in order of id, with what they have and what was noted of that.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn look(s: &mut Session<'_>, after: AccountId, limit: u32) -> Result<Vec<Look>, DbError> {
    let rows = s.query(LOOK, &[after.into(), i64::from(limit).into()]).await?;
    let look = |row: &super::Row| {
        let (bytes, pins): (Option<u64>, Option<u64>) = (row.get(3)?, row.get(4)?);
        Ok(Look {
            account: row.get(0)?,
            now: Held { bytes: row.get(1)?, pins: row.get(2)? },
            noted: bytes.zip(pins).map(|(bytes, pins)| Held { bytes, pins }),
        })
    };
    rows.iter().map(look).collect()
}

/// What the account has now; nothing when there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn held_now(s: &mut Session<'_>, account: AccountId) -> Result<Option<Held>, DbError> {
    let row = s.query_opt(NOW, &[account.into()]).await?;
    row.map(|row| Ok(Held { bytes: row.get(0)?, pins: row.get(1)? })).transpose()
}

/// Notes what the account has on this day, in place of what was noted of the day before.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_account_day(
    s: &mut Session<'_>,
    account: AccountId,
    day: Day,
    held: Held,
) -> Result<(), DbError> {
    s.execute(PUT, &[account.into(), day.into(), held.bytes.into(), held.pins.into()]).await.map(drop)
}

/// What was noted of the account from `first` on, and what it was like at the beginning of that.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn account_days(
    s: &mut Session<'_>,
    account: AccountId,
    first: Day,
) -> Result<Vec<(Day, Held)>, DbError> {
    let rows = s.query(OF_ACCOUNT, &[account.into(), first.into(), MAX_ROWS.into()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, Held { bytes: row.get(1)?, pins: row.get(2)? }))).collect()
}

/// Notes what the server holds on its day, in place of what was noted of that day before.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_server_day(s: &mut Session<'_>, day: &ServerDay) -> Result<(), DbError> {
    let params = [
        day.day.into(),
        day.noted_at.into(),
        day.accounts.into(),
        day.pins.into(),
        day.contents.into(),
        day.bytes.into(),
    ];
    s.execute(PUT_SERVER, &params).await.map(drop)
}

/// What was noted of the server from `first` on, and what it was like at the beginning of that.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn server_days(s: &mut Session<'_>, first: Day) -> Result<Vec<ServerDay>, DbError> {
    let rows = s.query(OF_SERVER, &[first.into(), MAX_ROWS.into()]).await?;
    rows.iter().map(server_day).collect()
}

/// What was noted of the server last.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn latest_server_day(s: &mut Session<'_>) -> Result<Option<ServerDay>, DbError> {
    s.query_opt(LATEST_OF_SERVER, &[]).await?.as_ref().map(server_day).transpose()
}

/// Adds to what a surface answered on a day.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn add_traffic(s: &mut Session<'_>, more: &TrafficDay) -> Result<(), DbError> {
    let params = [more.day.into(), more.surface.as_str().into(), more.requests.into(), more.sent.into()];
    s.execute(ADD_TRAFFIC, &params).await.map(drop)
}

/// What was answered from `first` on, in order of days.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn traffic_days(s: &mut Session<'_>, first: Day) -> Result<Vec<TrafficDay>, DbError> {
    let rows = s.query(TRAFFIC, &[first.into(), MAX_ROWS.into()]).await?;
    let day = |row: &super::Row| {
        Ok(TrafficDay { day: row.get(0)?, surface: row.get(1)?, requests: row.get(2)?, sent: row.get(3)? })
    };
    rows.iter().map(day).collect()
}

/// Forgets days before `first`, no more than `limit` of accounts; what an account had then is kept as long as nothing later says it.
/// Returns how many of accounts were forgotten.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn forget_before(s: &mut Session<'_>, first: Day, limit: u32) -> Result<u64, DbError> {
    for statement in [FORGET_SERVER, FORGET_TRAFFIC] {
        s.execute(statement, &[first.into()]).await?;
    }
    s.execute(FORGET, &[first.into(), i64::from(limit).into()]).await
}

fn server_day(row: &super::Row) -> Result<ServerDay, DbError> {
    Ok(ServerDay {
        day: row.get(0)?,
        noted_at: row.get(1)?,
        accounts: row.get(2)?,
        pins: row.get(3)?,
        contents: row.get(4)?,
        bytes: row.get(5)?,
    })
}
