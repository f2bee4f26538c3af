//! Forms as clients write them: any order, odd metadata, missing and doubled fields (reference A3, A5, A6).

use crate::support::{
    content::{cid_v0, content, unique},
    form::Form,
    person::Person,
    server::TestServer,
};

#[tokio::test]
async fn fields_come_in_any_order() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for order in permutations(&["file", "cid", "secret", "decooMetadata"]) {
        let bytes = content(unique(), 300_000);
        let cid = cid_v0(&bytes);
        let form = order.iter().fold(Form::new(), |form, field| match *field {
            "file" => form.file("a.bin", &bytes),
            "cid" => form.text("cid", &cid),
            "secret" => form.text("secret", &ann.sign(&cid)),
            _ => form.text("decooMetadata", r#"{"name": "My File"}"#),
        });
        let body = ann.upload(form).await.expect(200).json();
        assert_eq!(body["PinHash"], cid, "{order:?}");
        assert_eq!(body["PinSize"], 300_000);
        let pins = server.pins(ann.account).await;
        assert_eq!(pins[0].pin.name.as_deref(), Some("My File"), "{order:?}");
    }
}

#[tokio::test]
async fn the_answer_tells_the_cid_the_size_as_a_number_and_the_date_with_milliseconds() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 33);
    let cid = cid_v0(&bytes);
    let answer = ann.upload(ann.form(&cid).file("a", &bytes)).await.expect(200);
    assert_eq!(
        answer.text(),
        format!(r#"{{"PinHash":"{cid}","PinSize":33,"PinDate":"2023-11-14T22:13:20.123Z"}}"#)
    );
}

#[tokio::test]
async fn metadata_is_read_in_all_spellings_that_clients_send() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (metadata, name) in [
        (r#"{"name": "My File"}"#, Some("My File")),
        (r#"{"name":"A; B","more":[1,{}]}"#, Some("A; B")),
        (r#""{\"name\": \"My File\"}""#, Some("My File")),
        ("{\"name\": \"海潮 \u{1f30a}\"}", Some("海潮 \u{1f30a}")),
        ("", Some("a.bin")),
        ("null", Some("a.bin")),
        ("{}", Some("a.bin")),
        (r#"{"name":null}"#, Some("a.bin")),
        (r#"{"name":""}"#, Some("a.bin")),
        (r#""""#, Some("a.bin")),
    ] {
        let kept = pin_with_metadata(&server, &ann, metadata).await;
        assert_eq!(kept.as_deref(), name, "{metadata}");
    }
    let long = "x".repeat(1024);
    let kept = pin_with_metadata(&server, &ann, &format!(r#"{{"name":"{long}"}}"#)).await;
    assert_eq!(kept, Some(long));
}

#[tokio::test]
async fn metadata_that_cannot_be_meant_is_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 10);
    let too_long = format!(r#"{{"name":"{}"}}"#, "x".repeat(1025));
    for metadata in [
        // What curl sends of {"name": "A; B"} without more quotes.
        r#"{"name": "A"#,
        "My File",
        "[]",
        "7",
        r#"{"name": 7}"#,
        r#"{"name": ["a"]}"#,
        r#""\"\\\"twice\\\"\"""#,
        &too_long,
    ] {
        for form in [
            ann.form(&cid_v0(&bytes)).text("decooMetadata", metadata).file("a", &bytes),
            ann.form(&cid_v0(&bytes)).file("a", &bytes).text("decooMetadata", metadata),
        ] {
            let message = ann.upload(form).await.refusal(400);
            assert!(message.contains("decooMetadata"), "{metadata}: {message}");
        }
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_form_that_lacks_something_says_what() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 10);
    let cid = cid_v0(&bytes);
    let secret = ann.sign(&cid);
    for (form, missing) in [
        (Form::new(), "file"),
        (Form::new().text("cid", &cid).text("secret", &secret), "file"),
        (Form::new().file("a", &bytes).text("cid", &cid), "secret"),
        (Form::new().file("a", &bytes).text("secret", &secret), "cid"),
    ] {
        let message = ann.upload(form).await.refusal(400);
        assert_eq!(message, format!("The form has no field named {missing}"));
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_field_that_comes_twice_is_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 10);
    let cid = cid_v0(&bytes);
    for (field, value) in [
        ("cid", cid.as_str()),
        ("secret", &ann.sign(&cid)),
        ("decooMetadata", "{}"),
        ("profile", "unixfs-v0-2015"),
    ] {
        let form = ann.form(&cid).text("decooMetadata", "").text("profile", "unixfs-v0-2015");
        let message = ann.upload(form.file("a", &bytes).text(field, value)).await.refusal(400);
        assert_eq!(message, format!("The form has two fields named {field}"));
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn fields_nobody_knows_are_passed_over() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 10);
    let cid = cid_v0(&bytes);
    let form = Form::new()
        .text("decooOptions", r#"{"name":"not read"}"#)
        .text("Cid", "not this one")
        .file("a", &bytes)
        .part("Content-Disposition: form-data; name=\"more\"; filename=\"big\"", &content(1, 200_000))
        .text("cid", &cid)
        .text("secret", &ann.sign(&cid));
    ann.upload(form).await.expect(200);
    assert_eq!(server.pins(ann.account).await[0].pin.name.as_deref(), Some("a"));
}

#[tokio::test]
async fn what_is_no_form_is_told_so() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for content_type in [
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "application/x-www-form-urlencoded",
    ] {
        let request = server
            .client
            .post(server.url("/pinning/pinFile"))
            .header("UserAccessToken", &ann.token)
            .header("Content-Type", content_type);
        let answer = crate::support::answer::Answer::of(request.body("--x--")).await;
        let message = answer.refusal(400);
        assert!(message.contains("multipart/form-data"), "{content_type}: {message}");
    }
    let none = server.client.post(server.url("/pinning/pinFile"));
    let none = none.header("UserAccessToken", &ann.token);
    crate::support::answer::Answer::of(none).await.refusal(400);
    for body in ["", "x", "--other\r\n", "\r\n\r\n", "------tide--boundaryX\r\n\r\n"] {
        let answer = crate::support::answer::Answer::of(ann.request(body.to_owned())).await;
        answer.refusal(400);
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_field_that_never_ends_is_not_kept() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let long = "x".repeat(70_000);
    for field in ["cid", "secret", "decooMetadata", "profile"] {
        let message = ann.upload(Form::new().text(field, &long)).await.refusal(400);
        assert!(message.contains("longer than"), "{field}: {message}");
    }
}

async fn pin_with_metadata(server: &TestServer, ann: &Person, metadata: &str) -> Option<String> {
    let bytes = content(unique(), 10);
    let form = ann.form(&cid_v0(&bytes)).file("a.bin", &bytes).text("decooMetadata", metadata);
    ann.upload(form).await.expect(200);
    server.pins(ann.account).await.remove(0).pin.name
}

fn permutations<'a>(items: &[&'a str]) -> Vec<Vec<&'a str>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in items.iter().enumerate() {
        let rest = [&items[..index], &items[index + 1..]].concat();
        for mut order in permutations(&rest) {
            order.insert(0, *first);
            all.push(order);
        }
    }
    all
}
