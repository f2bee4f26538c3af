//! The filters of a list: `cid`, `name`, `match`, `status`, `before`, `after`, `limit`, `meta`.

use std::collections::BTreeMap;

use tidegate_content::parse_cid;

use super::pin::NAME_CHARS;
use crate::{
    blobs::Root,
    clock::Timestamp,
    db::{
        AccountId,
        jobs::{
            JobStatus,
            search::{JobSearch, NameMatch},
        },
    },
    http::{moment::Moment, query::Query},
};

/// The most CIDs in one filter, as the specification has it.
const CIDS: usize = 10;
/// Entries of a page where the caller does not say, and the most.
const LIMIT: u64 = 10;
const MAX_LIMIT: u64 = 1000;

/// Reads the filters.
///
/// # Errors
/// What is wrong with them, in words.
pub(super) fn parse(account: AccountId, query: &Query) -> Result<JobSearch, String> {
    let roots = roots(query)?;
    let (name, meta) = (name(query)?, meta(query)?);
    // Kubo always says which statuses it wants; the compliance suite looks by name alone for what it just asked for.
    let unfiltered = roots.is_empty() && name.is_none() && meta.is_empty();
    let limit = query.number("limit", LIMIT, 1, MAX_LIMIT)?;
    Ok(JobSearch {
        account,
        statuses: statuses(query, unfiltered)?,
        // Both ends are exclusive: a page that ends where another began shows nothing twice.
        span: moment(query, "after")?.map_or(Timestamp::MIN, Moment::after)
            ..moment(query, "before")?.map_or(Timestamp::MAX, Moment::not_before),
        roots,
        name,
        meta,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    })
}

/// Whatever version they were pinned under.
fn roots(query: &Query) -> Result<Vec<String>, String> {
    let Some(list) = query.get("cid") else { return Ok(Vec::new()) };
    if list.split(',').count() > CIDS {
        return Err(format!("The parameter cid has more than {CIDS} entries"));
    }
    let roots = list.split(',').map(|text| match parse_cid(text.trim()) {
        Ok(cid) => Ok(Root::of(&cid).to_string()),
        Err(error) => Err(format!("The parameter cid: {error}")),
    });
    let mut roots: Vec<String> = roots.collect::<Result<_, _>>()?;
    roots.sort();
    roots.dedup();
    Ok(roots)
}

fn name(query: &Query) -> Result<Option<NameMatch>, String> {
    let (part, caseless) = match query.get("match") {
        None | Some("exact") => (false, false),
        Some("iexact") => (false, true),
        Some("partial") => (true, false),
        Some("ipartial") => (true, true),
        Some(_) => return Err("The parameter match is exact, iexact, partial or ipartial".to_owned()),
    };
    let Some(text) = query.get("name") else { return Ok(None) };
    if text.chars().count() > NAME_CHARS || text.contains('\0') {
        return Err(format!("The parameter name is no name of up to {NAME_CHARS} characters"));
    }
    Ok(Some(NameMatch { text: text.to_owned(), part, caseless }))
}

fn statuses(query: &Query, unfiltered: bool) -> Result<Vec<JobStatus>, String> {
    let Some(list) = query.get("status") else {
        return Ok(if unfiltered { vec![JobStatus::Pinned] } else { JobStatus::ALL.to_vec() });
    };
    let mut statuses = Vec::new();
    for text in list.split(',') {
        let status = JobStatus::by_name(text.trim());
        let status = status.ok_or("The parameter status is a list of queued, pinning, pinned and failed")?;
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    Ok(statuses)
}

fn moment(query: &Query, name: &str) -> Result<Option<Moment>, String> {
    let wrong = || format!("The parameter {name} is a date like 2020-07-27T17:32:28.123Z");
    query.get(name).map(|text| Moment::parse(text).ok_or_else(wrong)).transpose()
}

fn meta(query: &Query) -> Result<BTreeMap<String, String>, String> {
    let Some(text) = query.get("meta") else { return Ok(BTreeMap::new()) };
    serde_json::from_str(text).map_err(|_| "The parameter meta is a JSON object of text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(query: &str) -> Result<JobSearch, String> {
        parse(AccountId(1), &Query::of(&format!("/psa/pins?{query}").parse().expect("a URI")))
    }

    #[test]
    fn only_without_any_filter_is_pinned_meant() {
        for query in ["", "limit=5", "before=2020-07-27T17:32:28Z", "match=partial"] {
            assert_eq!(filters(query).expect(query).statuses, [JobStatus::Pinned], "{query}");
        }
        for query in
            ["name=x", "meta=%7B%22a%22%3A%22b%22%7D", "cid=QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"]
        {
            assert_eq!(filters(query).expect(query).statuses, JobStatus::ALL, "{query}");
        }
        let two = filters("status=queued,failed,queued").expect("a filter");
        assert_eq!(two.statuses, [JobStatus::Queued, JobStatus::Failed]);
    }

    #[test]
    fn the_ends_of_a_span_are_not_in_it() {
        let span =
            filters("after=2020-07-27T17:32:28.001Z&before=2020-07-27T17:32:28.003Z").expect("a span").span;
        assert_eq!(span.start.to_string(), "2020-07-27T17:32:28.002Z");
        assert_eq!(span.end.to_string(), "2020-07-27T17:32:28.003Z");
        // Finer than what is kept: behind .001, and before .003.
        let span =
            filters("after=2020-07-27T17:32:28.0015Z&before=2020-07-27T17:32:28.0025Z").expect("a span").span;
        assert_eq!(span.start.to_string(), "2020-07-27T17:32:28.002Z");
        assert_eq!(span.end.to_string(), "2020-07-27T17:32:28.003Z");
    }

    #[test]
    fn the_same_content_in_two_versions_is_one() {
        let both = "cid=QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH,bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y";
        assert_eq!(filters(both).expect("CIDs").roots.len(), 1);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let cids = ["QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"; CIDS + 1].join(",");
        for query in [
            "cid=hello",
            "cid=,",
            &format!("cid={cids}"),
            &format!("name={}", "x".repeat(256)),
            "name=%00",
            "match=regex",
            "status=done",
            "status=queued,",
            "before=yesterday",
            "after=1",
            "limit=0",
            "limit=1001",
            "meta=x",
            "meta=%5B%5D",
            "meta=%7B%22a%22%3A1%7D",
        ] {
            assert!(filters(query).is_err(), "{query}");
        }
    }
}
