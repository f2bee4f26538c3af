use proptest::prelude::*;

use super::*;

fn disposed(header: &str) -> Option<String> {
    disposition_name(header.as_bytes())
}

#[test]
fn names_of_a_disposition() {
    for (header, expected) in [
        ("attachment;filename=a.bin", Some("a.bin")),
        ("attachment; filename=\"a b.bin\"", Some("a b.bin")),
        ("inline; FILENAME = a.bin ; x=y", Some("a.bin")),
        (r#"attachment; filename="a\"b\\c.bin""#, Some(r#"a"b\c.bin"#)),
        ("attachment; filename=\"a;b=c.bin\"; x", Some("a;b=c.bin")),
        ("attachment; filename=old.txt; filename*=UTF-8''n%C3%A9w.txt", Some("néw.txt")),
        ("attachment; filename*=utf-8'en'a%20b.txt; filename=old.txt", Some("a b.txt")),
        ("attachment; filename*=ISO-8859-1''%E9.txt", Some("é.txt")),
        ("attachment; filename=old.txt; filename*=UTF-7''x", Some("old.txt")),
        ("attachment; filename=old.txt; filename*=UTF-8''%FF", Some("old.txt")),
        ("attachment; filename=first; filename=second", Some("first")),
        ("attachment; filename=\"never ends", Some("never ends")),
        ("attachment; filename=\"ends in a \\", Some("ends in a ")),
        ("attachment; filename", None),
        ("attachment", None),
        ("filename=a.bin", None),
        ("", None),
    ] {
        assert_eq!(disposed(header).as_deref(), expected, "{header}");
    }
    assert_eq!(disposition_name(b"attachment; filename=\xe9.txt").as_deref(), Some("é.txt"));
}

#[test]
fn names_are_made_harmless() {
    for (text, expected) in [
        ("a.bin", Some("a.bin")),
        ("../../etc/passwd", Some("passwd")),
        ("C:\\evil.exe", Some("evil.exe")),
        ("..", None),
        (".hidden", Some("hidden")),
        ("a\r\nSet-Cookie: x", Some("aSet-Cookie: x")),
        ("a\"b", Some("ab")),
        ("photo\u{202e}gpj.exe", Some("photogpj.exe")),
        ("  ", None),
        ("x/", None),
    ] {
        assert_eq!(harmless(text).as_deref(), expected, "{text:?}");
    }
    let long = harmless(&format!("{}.tar.gz", "é".repeat(300))).unwrap_or_default();
    assert!(long.len() <= MAX_NAME && long.ends_with("é.gz"), "{long}");
}

#[test]
fn keys_to_content_are_no_names() {
    for key in [
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKbT4h",
        "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
        "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e.csv",
        "archive.QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKbT4h.zip",
        "bNbA3TEQVL60xlgCcqdz4ZPHFZ711cZ3hmkpGttDt_U",
        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
        "0xb94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
        "550e8400-e29b-41d4-a716-446655440000",
    ] {
        assert_eq!(harmless(key), None, "{key}");
    }
    for name in
        ["quarterly-sales-figures-of-the-northern-branch.csv", "2024-01-01.csv", "baffled.txt", "data"]
    {
        assert_eq!(harmless(name).as_deref(), Some(name));
    }
    assert!(holds_content_id(b"W/\"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKbT4h.gz\""));
    assert!(!holds_content_id(b"\"9bb58f26192e4ba00f01e2e7b136bbd8-5\""));
}

#[test]
fn a_name_comes_from_the_best_that_is_there() {
    let url = |text: &str| Url::parse(text).unwrap_or_else(|_| panic!("{text}"));
    let asked = url("https://a.example/files/data%20set.csv?X-Amz-Signature=secret#x");
    let last = url("https://b.example/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKbT4h");
    assert_eq!(file_name(Some(b"attachment; filename=x.zip"), &[&asked], None), "x.zip");
    assert_eq!(file_name(Some(b"attachment; filename=/"), &[&asked], None), "data set.csv");
    assert_eq!(file_name(None, &[&last, &asked], None), "data set.csv");
    assert_eq!(file_name(None, &[&last], Some("text/csv; charset=utf-8")), "file.csv");
    assert_eq!(file_name(None, &[&last], Some("application/x-unknown")), "file");
    assert_eq!(file_name(None, &[&url("https://a.example/")], None), "file");
    assert_eq!(file_name(None, &[&url("https://a.example/x")], Some("application/json")), "x.json");
}

proptest! {
    #[test]
    fn no_header_gives_a_harmful_name(header in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut header = header;
        header.splice(0..0, *b"attachment; filename=\"");
        let name = file_name(Some(&header), &[], Some("text/plain"));
        prop_assert!(!name.is_empty() && name.len() <= MAX_NAME + 4);
        prop_assert!(!name.contains(['/', '\\', '"']) && !name.chars().any(char::is_control));
        prop_assert!(!name.starts_with('.'));
    }

    #[test]
    fn what_is_quoted_comes_back(name in "[a-zA-Z0-9 ;=\"\\\\é]{1,30}") {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        prop_assert_eq!(disposed(&format!("attachment; filename=\"{quoted}\"; x=y")), Some(name));
    }
}
