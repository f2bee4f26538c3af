use proptest::prelude::*;

use super::*;

fn get(url: &str) -> FetchRequest {
    FetchRequest::get(url).unwrap_or_else(|_| panic!("{url}"))
}

fn host(url: &str) -> String {
    get(url).url().host_str().unwrap_or_default().to_owned()
}

#[test]
fn odd_spellings_of_addresses_are_addresses() {
    for spelling in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.０.０.１",
        "127。0。0。1",
        "①27.0.0.1",
        "%31%32%37.0.0.1",
    ] {
        assert_eq!(host(&format!("http://{spelling}/x")), "127.0.0.1", "{spelling}");
    }
    assert_eq!(host("http://0/"), "0.0.0.0");
    assert_eq!(host("http://[::FFFF:127.0.0.1]/"), "[::ffff:7f00:1]");
    assert_eq!(host("http://LOCALHOST./"), "localhost.");
}

#[test]
fn other_things_are_not_fetched() {
    let long = format!("http://a.example/{}", "x".repeat(MAX_URL));
    for url in [
        "",
        "a.bin",
        "/etc/passwd",
        "//a.example/",
        "file:///etc/passwd",
        "ftp://a.example/a",
        "gopher://a.example/",
        "data:text/plain,x",
        "http://",
        "http://[fe80::1%25eth0]/",
        "http://[::1",
        "http://a b/",
        "http://256.256.256.256/",
        "http://1.2.3.4.5/",
        "http://a.example:99999/",
        &long,
    ] {
        assert_eq!(FetchRequest::get(url).err(), Some(FetchError::BadUrl), "{url}");
    }
}

#[test]
fn a_user_and_password_travel_in_a_header() {
    let request = get("http://us%40er:pa%3Ass@a.example/x#fragment");
    assert_eq!(request.url().as_str(), "http://a.example/x");
    assert_eq!(request.headers[header::AUTHORIZATION], "Basic dXNAZXI6cGE6c3M=");
    assert!(request.headers[header::AUTHORIZATION].is_sensitive());
}

#[test]
fn headers_of_the_way_are_not_taken_over() {
    let value = HeaderValue::from_static("7");
    for name in OURS {
        assert!(
            get("http://a.example/").with_header(name.clone(), value.clone()).headers.get(&name).is_none()
        );
    }
}

fn next(request: &FetchRequest, status: u16, location: &'static str) -> FetchRequest {
    let location = HeaderValue::from_static(location);
    let status = StatusCode::from_u16(status).expect("a status");
    request.redirected(status, Some(&location)).ok().flatten().expect("a redirect")
}

fn secret(url: &str) -> FetchRequest {
    get(url)
        .with_header(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"))
        .with_header(header::COOKIE, HeaderValue::from_static("secret"))
        .with_header(HeaderName::from_static("x-api-key"), HeaderValue::from_static("secret"))
        .with_header(header::RANGE, HeaderValue::from_static("bytes=1-2"))
}

#[test]
fn secrets_stay_with_their_origin() {
    let request = secret("https://a.example/x");
    let same = next(&request, 302, "y?z");
    assert_eq!(same.url().as_str(), "https://a.example/y?z");
    assert_eq!(same.headers, request.headers);
    for other in [
        "https://b.example/",
        "https://a.example:444/",
        "http://a.example/",
        "//x.a.example/",
        "https://a.example./",
    ] {
        let elsewhere = next(&request, 302, other);
        assert!(!format!("{:?}", elsewhere.headers).contains("secret"), "{other}");
        assert_eq!(elsewhere.headers[header::RANGE], "bytes=1-2", "{other}");
    }
}

#[test]
fn methods_change_as_in_browsers() {
    let post = get("http://a.example/")
        .with_method(Method::POST)
        .with_body(HeaderValue::from_static("application/json"), Bytes::from_static(b"{}"));
    for (status, method) in
        [(301, Method::GET), (302, Method::GET), (303, Method::GET), (307, Method::POST), (308, Method::POST)]
    {
        let next = next(&post, status, "/next");
        assert_eq!(next.method, method, "{status}");
        assert_eq!(next.body.is_empty(), method == Method::GET, "{status}");
        assert_eq!(next.headers.contains_key(header::CONTENT_TYPE), method == Method::POST, "{status}");
    }
    let head = get("http://a.example/").with_method(Method::HEAD);
    assert_eq!(next(&head, 303, "/next").method, Method::HEAD);
}

#[test]
fn not_every_answer_is_a_redirect() {
    let request = get("http://a.example/");
    let location = HeaderValue::from_static("/y");
    for (status, location) in [(200, Some(&location)), (304, Some(&location)), (302, None)] {
        let status = StatusCode::from_u16(status).expect("a status");
        assert!(matches!(request.redirected(status, location), Ok(None)), "{status}");
    }
    for location in [&b"file:///etc/passwd"[..], b"http://[", b"\xff\xfe", b"javascript:1"] {
        let location = HeaderValue::from_bytes(location).expect("a header");
        let next = request.redirected(StatusCode::FOUND, Some(&location));
        assert_eq!(next.err(), Some(FetchError::BadUrl));
    }
}

proptest! {
    /// Whatever a URL says, what is sent goes to the host that the dialler sees, over HTTP, without credentials in it.
    #[test]
    fn what_is_parsed_is_what_is_sent(url in "(https?|ftp|HTTP):/{0,3}[ -~]{0,40}") {
        let Ok(request) = FetchRequest::get(&url) else { return Ok(()) };
        let Ok(sent) = request.to_http() else { return Ok(()) };
        prop_assert_eq!(sent.uri().host(), request.url().host_str());
        prop_assert_eq!(sent.uri().port_u16(), request.url().port());
        prop_assert_eq!(sent.uri().scheme_str(), Some(request.url().scheme()));
        prop_assert!(!sent.uri().authority().is_some_and(|authority| authority.as_str().contains('@')));
    }

    #[test]
    fn every_number_that_is_an_address_is_one_address(address in any::<u32>()) {
        let dotted = std::net::Ipv4Addr::from(address).to_string();
        let [a, b, c, d] = address.to_be_bytes();
        let bc = u32::from(b) << 16 | u32::from(c) << 8 | u32::from(d);
        for spelling in [
            address.to_string(), format!("0x{address:x}"), format!("0{address:o}"), format!("{a}.{bc}"),
            format!("0x{a:X}.0{b:o}.{c}.{d}."),
        ] {
            prop_assert_eq!(&host(&format!("http://{spelling}/")), &dotted);
        }
    }
}
