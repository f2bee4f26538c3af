//! Jobs by name and metadata, as the Pinning Service API asks for them: the newest that fit, and how many fit.
//!
//! An index leads to the jobs of a CID, of a whole name or of a pair of metadata; what else is asked is then checked here. Parts
//! of names have no index: the engine looks at every name of the account.

use std::{collections::BTreeMap, ops::Range};

use tidegate_content::sha256;

use crate::clock::Timestamp;

use super::super::statements::statements;
use super::super::{AccountId, DbError, Session, Value};
use super::list::{JobQuery, count_of_status, list_jobs};
use super::{Job, JobStatus, select};

statements! {
    OF_ROOT = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND root = $4
                       ORDER BY created_at DESC LIMIT $5");
    OF_NAME = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND name_key = $4
                       ORDER BY created_at DESC LIMIT $5");
    OF_LABEL = select!("WHERE account_id = $1 AND created_at IN
                            (SELECT created_at FROM job_labels
                             WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND label = $4
                             ORDER BY created_at DESC LIMIT $5)
                        ORDER BY created_at DESC");
    OF_STATUS = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4
                         ORDER BY created_at DESC LIMIT $5");
    // Replacing a text changes the names that contain it: a comparison that both engines make alike, with no wild cards.
    CONTAINING = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4
                          AND replace(name, $5, '') <> name ORDER BY created_at DESC LIMIT $6");
    COUNT_CONTAINING = "SELECT count(*) FROM jobs WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4
                        AND replace(name, $5, '') <> name";
    CONTAINING_CASELESS = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4
                                   AND replace(lower(name), $5, '') <> lower(name) ORDER BY created_at DESC LIMIT $6");
    COUNT_CONTAINING_CASELESS = "SELECT count(*) FROM jobs
        WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4
        AND replace(lower(name), $5, '') <> lower(name)";
}

/// Jobs read at a time.
const CHUNK: u32 = 1000;
/// Characters of a name that its key holds: PostgreSQL's indexes take no long texts.
const KEY_CHARS: usize = 100;

/// Which jobs are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSearch {
    /// Whose.
    pub account: AccountId,
    /// With one of these.
    pub statuses: Vec<JobStatus>,
    /// Made in this time.
    pub span: Range<Timestamp>,
    /// For one of these roots, CIDv1 base32 text; none for any.
    pub roots: Vec<String>,
    /// Whose name fits.
    pub name: Option<NameMatch>,
    /// With all of these pairs in their metadata.
    pub meta: BTreeMap<String, String>,
    /// So many at most.
    pub limit: u32,
}

/// How a name must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameMatch {
    /// What is compared with it; not empty.
    pub text: String,
    /// Is a part of the name enough?
    pub part: bool,
    /// Are small and capital letters the same?
    pub caseless: bool,
}

impl NameMatch {
    fn fits(&self, name: Option<&str>) -> bool {
        let fits = |name: &str, text: &str| if self.part { name.contains(text) } else { name == text };
        match name {
            None => false,
            Some(name) if self.caseless => fits(&name.to_lowercase(), &self.text.to_lowercase()),
            Some(name) => fits(name, &self.text),
        }
    }

    /// The key of all names that fit, where they have one in common.
    fn key(&self) -> Option<String> {
        let has_key = !self.part && (!self.caseless || self.text.is_ascii());
        has_key.then(|| name_key(&self.text))
    }
}

impl JobSearch {
    fn fits(&self, job: &Job) -> bool {
        self.statuses.contains(&job.status)
            && (self.roots.is_empty() || job.job.root.as_ref().is_some_and(|root| self.roots.contains(root)))
            && self.name.as_ref().is_none_or(|name| name.fits(job.job.name.as_deref()))
            && (self.meta.is_empty() || has_pairs(&job.job.meta, &self.meta))
    }
}

/// The newest jobs that fit, newest first, and how many fit.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn search_jobs(s: &mut Session<'_>, search: &JobSearch) -> Result<(u64, Vec<Job>), DbError> {
    let mut found = Found { count: 0, jobs: Vec::new() };
    if !search.roots.is_empty() {
        for root in &search.roots {
            scan(s, search, OF_ROOT, root.as_str().into(), &mut found).await?;
        }
    } else if let Some(key) = search.name.as_ref().and_then(NameMatch::key) {
        scan(s, search, OF_NAME, key.into(), &mut found).await?;
    } else if let Some((key, value)) = search.meta.iter().next() {
        scan(s, search, OF_LABEL, label(key, value).into(), &mut found).await?;
    } else {
        for status in &search.statuses {
            search_status(s, search, *status, &mut found).await?;
        }
    }
    Ok((found.count, found.newest(search.limit)))
}

/// Those of one status, by nothing but their name.
async fn search_status(
    s: &mut Session<'_>,
    search: &JobSearch,
    status: JobStatus,
    found: &mut Found,
) -> Result<(), DbError> {
    let Some(name) = &search.name else {
        let query = JobQuery {
            account: search.account,
            status: Some(status),
            root: None,
            span: search.span.clone(),
            newest_first: true,
            offset: 0,
            limit: search.limit,
        };
        found.jobs.extend(list_jobs(s, &query).await?);
        found.count += count_of_status(s, search.account, status, search.span.clone()).await?;
        return Ok(());
    };
    let (page, count, text) = match name.caseless {
        false => (CONTAINING, COUNT_CONTAINING, name.text.clone()),
        // What small letters are beyond ASCII, the engines do not agree on.
        true if name.text.is_ascii() => {
            (CONTAINING_CASELESS, COUNT_CONTAINING_CASELESS, name.text.to_ascii_lowercase())
        }
        true => return scan(s, search, OF_STATUS, status.as_str().into(), found).await,
    };
    let mut params = vec![
        search.account.into(),
        search.span.start.into(),
        search.span.end.into(),
        status.as_str().into(),
        text.into(),
    ];
    found.count += s.query_one(count, &params).await?.get::<u64>(0)?;
    params.push(i64::from(search.limit).into());
    for row in s.query(page, &params).await? {
        found.jobs.push(Job::from_row(&row)?);
    }
    Ok(())
}

/// Looks at every job that `sql` leads to, newest first, some at a time.
async fn scan(
    s: &mut Session<'_>,
    search: &JobSearch,
    sql: &'static str,
    key: Value,
    found: &mut Found,
) -> Result<(), DbError> {
    let (mut until, mut kept) = (search.span.end, 0);
    loop {
        let params = [
            search.account.into(),
            search.span.start.into(),
            until.into(),
            key.clone(),
            i64::from(CHUNK).into(),
        ];
        let rows = s.query(sql, &params).await?;
        let full = rows.len() == CHUNK as usize;
        for row in rows {
            let job = Job::from_row(&row)?;
            until = job.created_at;
            if search.fits(&job) {
                found.count += 1;
                if kept < search.limit {
                    kept += 1;
                    found.jobs.push(job);
                }
            }
        }
        if !full {
            return Ok(());
        }
    }
}

struct Found {
    count: u64,
    jobs: Vec<Job>,
}

impl Found {
    fn newest(mut self, limit: u32) -> Vec<Job> {
        self.jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
        self.jobs.truncate(limit as usize);
        self.jobs
    }
}

/// The beginning of a name in small ASCII letters.
pub(in crate::db) fn name_key(name: &str) -> String {
    name.chars().take(KEY_CHARS).map(|c| c.to_ascii_lowercase()).collect()
}

/// The labels of all pairs in a JSON object of text.
pub(super) fn labels(meta: &str) -> Vec<i64> {
    pairs(meta).iter().map(|(key, value)| label(key, value)).collect()
}

fn label(key: &str, value: &str) -> i64 {
    let hash = sha256(&[&(key.len() as u64).to_be_bytes(), key.as_bytes(), value.as_bytes()]);
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

fn has_pairs(meta: &str, wanted: &BTreeMap<String, String>) -> bool {
    let pairs = pairs(meta);
    wanted.iter().all(|(key, value)| pairs.get(key) == Some(value))
}

fn pairs(meta: &str) -> BTreeMap<String, String> {
    serde_json::from_str(meta).unwrap_or_default()
}
