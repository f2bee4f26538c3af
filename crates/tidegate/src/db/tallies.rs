//! Numbers of pins and jobs that are kept, not counted: a list of a million says its length at once.
//!
//! A tally is kept altogether, for each day and for each minute, so that any span of time is a sum of few rows. Whoever adds or
//! removes a pin or a job changes its tally in the same transaction, after [`accounts::lock`](super::accounts::lock).

use std::ops::Range;

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Session};

statements! {
    ADD = "INSERT INTO tallies (account_id, what, span, start, amount)
           VALUES (CAST($1 AS BIGINT), CAST($2 AS TEXT), 0, 0, CAST($3 AS BIGINT)),
                  (CAST($1 AS BIGINT), CAST($2 AS TEXT), 60000, CAST($4 AS BIGINT), CAST($3 AS BIGINT)),
                  (CAST($1 AS BIGINT), CAST($2 AS TEXT), 86400000, CAST($5 AS BIGINT), CAST($3 AS BIGINT))
           ON CONFLICT (account_id, what, span, start) DO UPDATE SET amount = tallies.amount + excluded.amount";
    SWEEP = "DELETE FROM tallies
             WHERE account_id = $1 AND what = $2 AND span = $3 AND start = $4 AND amount = 0";
    SUM = "SELECT CAST(COALESCE(sum(amount), 0) AS BIGINT) FROM tallies
           WHERE account_id = $1 AND what = $2 AND span = $3 AND start >= $4 AND start < $5";
}

const ALTOGETHER: i64 = 0;
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// What is counted of an account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    pub(super) account: AccountId,
    /// `pins`, or a status of jobs.
    pub(super) what: &'static str,
}

impl Tally {
    /// One more of them, at this time.
    pub(super) async fn add(self, s: &mut Session<'_>, at: Timestamp) -> Result<(), DbError> {
        self.change(s, at, 1).await
    }

    /// One less.
    pub(super) async fn remove(self, s: &mut Session<'_>, at: Timestamp) -> Result<(), DbError> {
        self.change(s, at, -1).await?;
        for span in [MINUTE, DAY] {
            let params =
                [self.account.into(), self.what.into(), span.into(), floor(at.as_millis(), span).into()];
            s.execute(SWEEP, &params).await?;
        }
        Ok(())
    }

    async fn change(self, s: &mut Session<'_>, at: Timestamp, by: i64) -> Result<(), DbError> {
        let at = at.as_millis();
        let params = [
            self.account.into(),
            self.what.into(),
            by.into(),
            floor(at, MINUTE).into(),
            floor(at, DAY).into(),
        ];
        s.execute(ADD, &params).await.map(drop)
    }

    /// How many there are in `span`, but for those in the parts of minutes at its ends, which are returned to be counted.
    pub(super) async fn sum(
        self,
        s: &mut Session<'_>,
        span: Range<Timestamp>,
    ) -> Result<(u64, Vec<Range<Timestamp>>), DbError> {
        let mut sum = 0;
        let pieces = Pieces::of(span.start, span.end);
        for (length, starts) in pieces.whole {
            let params = [
                self.account.into(),
                self.what.into(),
                length.into(),
                starts.start.into(),
                starts.end.into(),
            ];
            sum += s.query_one(SUM, &params).await?.get::<u64>(0)?;
        }
        Ok((sum, pieces.rest))
    }
}

/// A span of time as whole days and minutes, and what is left.
struct Pieces {
    /// The length of each, and from where to where they begin.
    whole: Vec<(i64, Range<i64>)>,
    rest: Vec<Range<Timestamp>>,
}

impl Pieces {
    fn of(from: Timestamp, until: Timestamp) -> Self {
        if from == Timestamp::MIN && until == Timestamp::MAX {
            return Self { whole: vec![(ALTOGETHER, 0..1)], rest: Vec::new() };
        }
        let (from, until) = (from.as_millis(), until.as_millis());
        let minutes = ceil(from, MINUTE)..floor(until, MINUTE);
        if minutes.start >= minutes.end {
            return Self { whole: Vec::new(), rest: times(std::iter::once(from..until)) };
        }
        let rest = times([from..minutes.start, minutes.end..until]);
        let days = ceil(minutes.start, DAY)..floor(minutes.end, DAY);
        let whole = if days.start >= days.end {
            vec![(MINUTE, minutes)]
        } else {
            let before = (MINUTE, minutes.start..days.start);
            let behind = (MINUTE, days.end..minutes.end);
            vec![before, (DAY, days), behind]
        };
        Self { whole: whole.into_iter().filter(|(_, starts)| !starts.is_empty()).collect(), rest }
    }
}

fn times(pieces: impl IntoIterator<Item = Range<i64>>) -> Vec<Range<Timestamp>> {
    let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
    pieces.map(|piece| Timestamp::from_millis(piece.start)..Timestamp::from_millis(piece.end)).collect()
}

fn floor(millis: i64, span: i64) -> i64 {
    millis - millis.rem_euclid(span)
}

fn ceil(millis: i64, span: i64) -> i64 {
    floor(millis + span - 1, span)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_cover_every_moment_of_the_span_once(from in -5 * DAY..5 * DAY, length in 0..5 * DAY, at in -6 * DAY..11 * DAY) {
            let until = from + length;
            let pieces = Pieces::of(Timestamp::from_millis(from), Timestamp::from_millis(until));
            let whole = pieces.whole.iter().filter(|(span, starts)| starts.contains(&floor(at, *span))).count();
            let rest = pieces.rest.iter().filter(|rest| rest.contains(&Timestamp::from_millis(at))).count();
            prop_assert_eq!(whole + rest, usize::from((from..until).contains(&at)));
            for rest in &pieces.rest {
                prop_assert!(rest.end.as_millis() - rest.start.as_millis() < 2 * MINUTE);
            }
        }
    }

    #[test]
    fn all_time_is_one_row() {
        let pieces = Pieces::of(Timestamp::MIN, Timestamp::MAX);
        assert_eq!(pieces.whole.len(), 1);
        assert!(pieces.rest.is_empty());
    }
}
