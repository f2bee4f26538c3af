//! File objects as publishers write them, and as they should not.

use serde_json::json;

use super::*;

fn refusal(value: &Value) -> String {
    FileObject::parse(value).expect_err("refused").to_string()
}

#[test]
fn every_kind_of_file_is_read() {
    let url = json!({"type": "url", "url": "https://a.example/f", "method": "POST", "headers": {"X-Key": "s"}, "index": 0});
    let Ok(FileObject::Url { method, headers, .. }) = FileObject::parse(&url) else { panic!("a url") };
    assert_eq!((method, headers), (Method::Post, vec![("X-Key".to_owned(), "s".to_owned())]));

    let ipfs = FileObject::parse(&json!({"type": "ipfs", "hash": "Qm/a b.csv"})).expect("ipfs");
    assert_eq!(ipfs, FileObject::Ipfs { hash: "Qm/a b.csv".to_owned() });
    let arweave = FileObject::parse(&json!({"type": "arweave", "transactionId": "a_-"})).expect("arweave");
    assert_eq!(arweave.kind(), "arweave");
    let graphql = json!({"type": "graphql", "url": "http://g.example", "query": "{ x }", "headers": [{"A": "1"}, {"B": "2"}]});
    let Ok(FileObject::Graphql { headers, .. }) = FileObject::parse(&graphql) else { panic!("graphql") };
    assert_eq!(headers.len(), 2);
    let contract = json!({"type": "smartcontract", "chainId": 8996,
        "address": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
        "abi": {"type": "function", "name": "f", "inputs": [], "outputs": [], "stateMutability": "view"}});
    let Ok(FileObject::SmartContract { chain_id, .. }) = FileObject::parse(&contract) else {
        panic!("a contract")
    };
    assert_eq!(chain_id, Some(8996));
}

#[test]
fn refusals_are_the_references() {
    let cases = [
        (json!(null), "cannot decrypt files for this service."),
        (json!({}), "cannot decrypt files for this service."),
        (json!("x"), "malformed file object."),
        (json!({"type": "url", "url": 1}), "malformed file object."),
        (json!({"type": "url", "url": "https://a/f", "headers": "x"}), "malformed file object."),
        (json!({"type": "s3"}), "Unsupported type s3"),
        (json!({"type": "https://a/f"}), "Unsupported type ?"),
        (json!({"type": "url"}), "malformed service files, missing required keys."),
        (json!({"type": "ipfs", "hash": ""}), "malformed service files, missing required keys."),
        (json!({"type": "arweave"}), "malformed service files, missing transactionId."),
        (json!({"type": "url", "url": "https://a/f", "method": "PUT"}), "Unsafe method put."),
        (json!({"type": "graphql"}), "missing graphql endpoint"),
        (json!({"type": "graphql", "url": "https://a/f"}), "missing graphql query"),
        (json!({"type": "smartcontract"}), "malformed smartcontract type, missing contract address"),
    ];
    for (value, text) in cases {
        assert_eq!(refusal(&value), text, "{value}");
    }
    for url in ["file:///etc/passwd", "ftp://a/f", "a/f", "//a/f", "javascript:1"] {
        let text = refusal(&json!({"type": "url", "url": url}));
        assert_eq!(text, "Invalid file name format. It was not possible to get the file name.", "{url}");
    }
}

#[test]
fn nothing_in_a_file_can_break_out_of_a_request() {
    for headers in [json!({"A\r\nHost": "x"}), json!({"A": "x\r\nB: y"}), json!({"": "x"}), json!({"A": 1})] {
        let value = json!({"type": "url", "url": "https://a/f", "headers": headers});
        assert_eq!(refusal(&value), "malformed file object.", "{value}");
    }
    for id in ["a/../../admin", "..", "a?x=1", "a#b", "a\nb", "a\\..\\b"] {
        assert_eq!(refusal(&json!({"type": "ipfs", "hash": id})), "malformed file object.", "{id}");
    }
}

#[test]
fn where_a_file_is_stays_out_of_debug_output() {
    let value = json!({"type": "url", "url": "https://a.example/secret?token=secret"});
    assert_eq!(format!("{:?}", FileObject::parse(&value)), "Ok(FileObject(url))");
}

#[test]
fn the_buyers_parameters_replace_the_publishers() {
    let value = json!({"type": "url", "url": "https://a/f", "userdata": {"a": 1}});
    let sent = |userdata: Option<&Value>| match FileObject::parse_with(&value, userdata) {
        Ok(FileObject::Url { userdata, .. }) => userdata.map(Value::Object),
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(None), Some(json!({"a": 1})));
    assert_eq!(sent(Some(&json!({"b": 2}))), Some(json!({"b": 2})));
    assert_eq!(sent(Some(&json!("{\"b\": 2}"))), Some(json!({"b": 2})));
    assert_eq!(sent(Some(&json!("not json"))), None);
}
