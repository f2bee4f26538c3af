//! When a request that could not be fulfilled is tried again, and what its owner is told until then. Pure.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    db::jobs::{Job, queue::Outcome},
};

/// The wait after the first try; each next one is twice as long.
const FIRST: Duration = Duration::from_secs(60);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// A request that so many tries could not fulfil counts as failed, though it is still tried.
const PATIENT_TRIES: u64 = 3;

/// What becomes of a job whose try failed for `reason` at `now`, when another may go better.
pub(super) fn after_failure(job: &Job, reason: String, now: Timestamp, give_up_after: Duration) -> Outcome {
    let doublings = u32::try_from(job.tries.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let at = now.plus((FIRST * 2_u32.pow(doublings)).min(LONGEST));
    if at > job.created_at.plus(give_up_after) {
        Outcome::Failed { reason: format!("{reason} (given up after {} tries)", job.tries), again_at: None }
    } else if job.tries < PATIENT_TRIES {
        Outcome::Later { reason, at }
    } else {
        Outcome::Failed { reason, again_at: Some(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{
        AccountId,
        jobs::{JobId, JobStatus, NewJob, Progress},
        pins::{PinSource, Visibility},
    };

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn job(tries: u64) -> Job {
        Job {
            job: NewJob {
                id: JobId::new(),
                account: AccountId(1),
                source: PinSource::Psa,
                root: None,
                cid: None,
                name: None,
                meta: "{}".to_owned(),
                origins: "[]".to_owned(),
                visibility: Visibility::Public,
                task: "{}".to_owned(),
            },
            created_at: Timestamp::from_seconds(0),
            status: JobStatus::Pinning,
            pin: None,
            reason: None,
            progress: Progress::default(),
            tries,
            due_at: None,
            updated_at: Timestamp::from_seconds(0),
            endpoint: None,
        }
    }

    #[test]
    fn waits_grow_to_an_hour_and_end_after_a_day() {
        let (mut now, mut tries, mut waits) = (Timestamp::from_seconds(0), 0, Vec::new());
        loop {
            tries += 1;
            let (at, waits_in_queue) = match after_failure(&job(tries), "no".to_owned(), now, DAY) {
                Outcome::Later { at, .. } => (at, true),
                Outcome::Failed { again_at: Some(at), .. } => (at, false),
                Outcome::Failed { reason, again_at: None } => {
                    assert_eq!(reason, format!("no (given up after {tries} tries)"));
                    break;
                }
                Outcome::Pinned { .. } => unreachable!(),
            };
            assert_eq!(waits_in_queue, tries < 3);
            waits.push(at.as_seconds() - now.as_seconds());
            now = at;
        }
        assert_eq!(waits[..7], [60, 120, 240, 480, 960, 1920, 3600]);
        assert!(now.as_seconds() <= 24 * 60 * 60 && now.as_seconds() > 22 * 60 * 60);
        assert_eq!(tries, 29);
    }

    #[test]
    fn any_number_of_tries_is_no_overflow() {
        let outcome = after_failure(&job(u64::MAX), "no".to_owned(), Timestamp::from_seconds(0), DAY);
        assert!(matches!(outcome, Outcome::Failed { again_at: Some(_), .. }));
    }
}
