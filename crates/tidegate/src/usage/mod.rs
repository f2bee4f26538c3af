//! What accounts and the server had and did, day by day, for charts. No SQL here.
//!
//! Nothing is done for that when something is pinned or asked for, but to count: every few minutes [`Usage::note`] looks at the
//! figures that are kept anyway, and writes down those that have changed. So a day is as it was when it was last looked at.

mod days;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::{
    clock::{Clock, Day},
    db::{
        AccountId, Db, DbError, contents,
        usage::{self, Held, Look, ServerDay, TrafficDay},
    },
    telemetry::{Passed, Traffic},
};

/// Days that are kept: a year, and what is needed to compare with it.
pub const KEPT_DAYS: u32 = 400;

/// Accounts that are looked at in one read, and days that are forgotten in one write.
const PAGE: u32 = 1000;

/// The figures of the days.
#[derive(Debug)]
pub struct Usage {
    db: Arc<Db>,
    clock: Clock,
    traffic: Arc<Traffic>,
    /// The day on which old days were last removed.
    swept: AtomicI64,
}

impl Usage {
    /// The figures in `db`.
    pub fn new(db: Arc<Db>, clock: Clock) -> Self {
        Self { db, clock, traffic: Arc::default(), swept: AtomicI64::new(i64::MIN) }
    }

    /// Where requests are counted.
    #[must_use]
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    /// Writes down how things are now, as far as that has changed.
    ///
    /// # Errors
    /// The database cannot be read or written; nothing is lost then, but maybe a day's last minutes.
    pub async fn note(&self) -> Result<(), DbError> {
        let today = self.clock.now().day();
        self.note_traffic(today).await?;
        self.note_accounts(today).await?;
        self.note_server(today).await?;
        if self.swept.swap(today.number(), Ordering::Relaxed) != today.number() {
            let first = today.minus(KEPT_DAYS);
            // Not all at once: others want to write, too.
            while self.db.write(move |s| Box::pin(usage::forget_before(s, first, PAGE))).await? > 0 {}
        }
        Ok(())
    }

    async fn note_traffic(&self, today: Day) -> Result<(), DbError> {
        let passed = self.traffic.take();
        let rows: Vec<TrafficDay> = passed.iter().map(|passed| row(today, *passed)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let written = self.db.write(move |s| {
            Box::pin(async move {
                for row in &rows {
                    usage::add_traffic(s, row).await?;
                }
                Ok(())
            })
        });
        written.await.inspect_err(|_| self.traffic.give_back(&passed))
    }

    async fn note_accounts(&self, today: Day) -> Result<(), DbError> {
        let mut after = AccountId(0);
        loop {
            let page = self.db.read(move |s| Box::pin(usage::look(s, after, PAGE))).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.account;
            let changed: Vec<Look> =
                page.into_iter().filter(|look| look.noted.unwrap_or_default() != look.now).collect();
            if changed.is_empty() {
                continue;
            }
            let write = self.db.write(move |s| {
                Box::pin(async move {
                    for look in &changed {
                        usage::put_account_day(s, look.account, today, look.now).await?;
                    }
                    Ok(())
                })
            });
            write.await?;
        }
    }

    async fn note_server(&self, today: Day) -> Result<(), DbError> {
        let totals = self.db.read(|s| Box::pin(contents::totals(s))).await?;
        let day = ServerDay {
            day: today,
            noted_at: self.clock.now(),
            accounts: totals.accounts,
            pins: totals.pins,
            contents: totals.contents,
            bytes: totals.car_bytes,
        };
        self.db.write(move |s| Box::pin(async move { usage::put_server_day(s, &day).await })).await
    }

    /// What the account had on each of the last `days` days, the oldest first; today it is what it has now. Nothing when there is no
    /// such account.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn of_account(&self, id: AccountId, days: u32) -> Result<Option<Vec<(Day, Held)>>, DbError> {
        let today = self.clock.now().day();
        let first = today.minus(days.saturating_sub(1));
        let read = self.db.read(move |s| {
            Box::pin(
                async move { Ok((usage::account_days(s, id, first).await?, usage::held_now(s, id).await?)) },
            )
        });
        let (mut noted, now) = read.await?;
        Ok(now.map(|now| {
            noted.retain(|(day, _)| *day < today);
            noted.push((today, now));
            days::each(first, today, &noted)
        }))
    }

    /// What the server held on each of the last `days` days, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn of_server(&self, days: u32) -> Result<Vec<(Day, Held)>, DbError> {
        let today = self.clock.now().day();
        let first = today.minus(days.saturating_sub(1));
        let noted = self.db.read(move |s| Box::pin(usage::server_days(s, first))).await?;
        let held = noted.iter().map(|day| (day.day, Held { bytes: day.bytes, pins: day.pins }));
        Ok(days::each(first, today, &held.collect::<Vec<_>>()))
    }

    /// What the server held when it was last looked at.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn latest(&self) -> Result<Option<ServerDay>, DbError> {
        self.db.read(|s| Box::pin(usage::latest_server_day(s))).await
    }

    /// What was answered in the last `days` days, by day and surface, in this order; what is only counted by now included.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn of_surfaces(&self, days: u32) -> Result<Vec<TrafficDay>, DbError> {
        let today = self.clock.now().day();
        let first = today.minus(days.saturating_sub(1));
        let counted = self.traffic.look();
        let noted = self.db.read(move |s| Box::pin(usage::traffic_days(s, first))).await?;
        let mut sums: BTreeMap<(Day, String), (u64, u64)> = BTreeMap::new();
        for row in noted.into_iter().chain(counted.into_iter().map(|passed| row(today, passed))) {
            let sum = sums.entry((row.day, row.surface)).or_default();
            *sum = (sum.0.saturating_add(row.requests), sum.1.saturating_add(row.sent));
        }
        let rows = sums.into_iter().map(|((day, surface), (requests, sent))| TrafficDay {
            day,
            surface,
            requests,
            sent,
        });
        Ok(rows.collect())
    }
}

fn row(day: Day, passed: Passed) -> TrafficDay {
    let Passed { surface, requests, sent } = passed;
    TrafficDay { day, surface: surface.label().to_owned(), requests, sent }
}
