//! The Pinning Service API, as its clients see it.

mod lists;
mod requests;

use serde_json::Value;

use crate::support::answer::Answer;

/// The reason of an error, which must have this status and the specification's shape.
#[track_caller]
fn reason(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    let body = answer.json();
    assert!(!body["error"]["details"].as_str().unwrap_or_default().is_empty(), "{answer:?}");
    body["error"]["reason"].as_str().unwrap().to_owned()
}

/// The request ids of a list, in its order.
fn ids(list: &Value) -> Vec<String> {
    list["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pin| pin["requestid"].as_str().unwrap().to_owned())
        .collect()
}
