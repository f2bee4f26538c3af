//! What is wrong with a request, in the reference's words and shapes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    market::{CHAIN, Market, Query},
    server::TestServer,
    wallet::Wallet,
};

/// The fields of a validation error, in the shape that every client knows.
#[track_caller]
pub fn violations(answer: &Answer) -> Value {
    assert_eq!(answer.status, 400, "{answer:?}");
    let body = answer.json();
    let text =
        format!("{{\"errors\":{},\"message\":\"Validation error\",\"success\":false}}\n", body["errors"]);
    assert_eq!(answer.text(), text, "keys are sorted, and there is a newline at the end");
    assert_eq!(answer.header("content-type"), "application/json");
    body["errors"].clone()
}

/// The text of a refusal with this status.
#[track_caller]
pub fn refusal(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    let text = body["error"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    assert_eq!(body, json!({"error": text}));
    text
}

const NO_SIGNATURE: &str = "Invalid signature provided. Please check the nonce or documentId.";

#[tokio::test]
async fn what_is_missing_is_named() {
    let server = TestServer::start().await;
    let required = |fields: &[&str]| -> Value {
        fields.iter().map(|f| ((*f).to_owned(), json!([format!("The {f} field is required.")]))).collect()
    };
    let download = ["documentId", "serviceId", "consumerAddress", "transferTxId", "fileIndex", "nonce"];
    for (method, path, expected) in [
        ("GET", "nonce", required(&["userAddress"])),
        ("GET", "nonce?userAddress=", required(&["userAddress"])),
        ("GET", "nonce?userAddress=anything", json!({"userAddress": ["The userAddress format is invalid."]})),
        ("HEAD", "nonce", Value::Null),
        ("GET", "initialize", required(&["documentId", "serviceId", "consumerAddress"])),
        (
            "GET",
            "initialize?documentId=d&serviceId=s&consumerAddress=c&fileIndex=abc",
            json!({"fileIndex": ["The fileIndex must be an integer."]}),
        ),
        (
            "GET",
            "initialize?documentId=d&serviceId=s&consumerAddress=c&fileIndex=-1",
            json!({"fileIndex": ["The fileIndex must be an integer.", "The fileIndex must be at least 0."]}),
        ),
        ("GET", "download", required(&download[..1])),
        ("GET", "download?documentId=d", required(&download[1..2])),
        ("GET", "download?documentId=d&serviceId=s", required(&download[2..3])),
        ("GET", "download?documentId=d&serviceId=s&consumerAddress=c", required(&download[3..4])),
        (
            "GET",
            "download?documentId=d&serviceId=s&consumerAddress=c&transferTxId=t",
            required(&download[4..5]),
        ),
        (
            "GET",
            "download?documentId=d&serviceId=s&consumerAddress=c&transferTxId=t&fileIndex=0",
            required(&download[5..]),
        ),
        (
            "GET",
            "download?documentId=d&serviceId=s&consumerAddress=c&transferTxId=t&fileIndex=0&nonce=abc&signature=x",
            json!({"nonce": ["The nonce must be a number."]}),
        ),
        (
            "GET",
            "download?documentId=d&serviceId=s&consumerAddress=c&transferTxId=t&fileIndex=0&nonce=1",
            json!({"signature": [NO_SIGNATURE]}),
        ),
        ("GET", "createAuthToken", required(&["address"])),
        ("GET", "createAuthToken?address=a", required(&["expiration"])),
        (
            "GET",
            "createAuthToken?address=a&expiration=1699999999",
            json!({"expiration": ["Invalid timestamp provided."]}),
        ),
        (
            "GET",
            "createAuthToken?address=a&expiration=soon",
            json!({"expiration": ["The expiration must be an integer."]}),
        ),
        ("GET", "createAuthToken?address=a&expiration=1800000000", required(&["nonce"])),
        (
            "GET",
            "createAuthToken?address=a&expiration=1800000000&nonce=NaN",
            json!({"nonce": ["The nonce must be a number."]}),
        ),
        (
            "GET",
            "createAuthToken?address=a&expiration=1800000000&nonce=1",
            json!({"signature": ["The signature field is required.", NO_SIGNATURE]}),
        ),
        ("DELETE", "deleteAuthToken", required(&["address"])),
        ("DELETE", "deleteAuthToken?address=a", required(&["token"])),
        (
            "POST",
            "fileinfo",
            json!({
                "did": ["The did field is required when type is not present."],
                "serviceId": ["The serviceId field is required when type is not present."],
                "type": ["The type field is required when did is not present."],
            }),
        ),
        ("POST", "fileinfo?type=ftp", json!({"type": ["The selected type is invalid."]})),
        ("POST", "fileinfo?type=url", json!({"url": ["The url field is required when type is url."]})),
        ("POST", "fileinfo?type=ipfs", json!({"hash": ["The hash field is required when type is ipfs."]})),
        (
            "POST",
            "fileinfo?type=arweave",
            json!({"transactionId": ["The transactionId field is required when type is arweave."]}),
        ),
        ("POST", "fileinfo?did=x&serviceId=s", json!({"did": ["The did format is invalid."]})),
        (
            "POST",
            "fileinfo?did=did:op:1",
            json!({"serviceId": ["The serviceId field is required when type is not present."]}),
        ),
    ] {
        let answer = server.ask(method.parse().unwrap(), &format!("/api/services/{path}"), &[]).await;
        if expected.is_null() {
            assert_eq!(answer.status, 400, "{path}");
        } else {
            assert_eq!(violations(&answer), expected, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn decrypt_names_all_that_is_missing() {
    let server = TestServer::start().await;
    let answer = server.ask(Method::POST, "/api/services/decrypt", &[]).await;
    let errors = violations(&answer);
    let fields: Vec<_> = errors.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "chainId",
            "dataNftAddress",
            "decrypterAddress",
            "documentHash",
            "encryptedDocument",
            "flags",
            "nonce",
            "signature",
            "transactionId"
        ]
    );
    assert_eq!(errors["nonce"], json!(["The nonce field is required.", "The nonce must be a number."]));
}

#[tokio::test]
async fn unknown_routes_and_methods_repeat_what_is_harmless_of_the_request() {
    let server = TestServer::start().await;
    let not_found = "404 Not Found: The requested URL was not found on the server. If you entered the URL manually \
                     please check your spelling and try again.";
    let not_allowed = "405 Method Not Allowed: The method is not allowed for the requested URL.";
    let stripped = "<URL stripped for security reasons>";
    for (method, path, status, text, context) in [
        ("GET", "nope", 404, not_found, Value::Null),
        ("GET", "nonce/", 404, not_found, Value::Null),
        ("GET", "nope?b=1&a=x", 404, not_found, json!({"a": "x", "b": "1"})),
        ("GET", "nope?signature=0x12&token=t&u=http://x/y", 404, not_found, json!({"u": stripped})),
        ("POST", "nonce", 405, not_allowed, Value::Null),
        ("GET", "encrypt", 405, not_allowed, Value::Null),
        ("POST", "initialize?a=b", 405, not_allowed, json!({"a": "b"})),
    ] {
        let answer = server.ask(method.parse().unwrap(), &format!("/api/services/{path}"), &[]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.text(), format!("{}\n", json!({"context": context, "error": text})), "{path}");
    }
}

#[tokio::test]
async fn computing_is_said_not_to_be_offered() {
    let server = TestServer::start().await;
    for path in ["compute", "computeEnvironments", "computeResult", "initializeCompute", "validateContainer"]
    {
        let answer = server.ask(Method::POST, &format!("/api/services/{path}"), &[]).await;
        assert_eq!(refusal(&answer, 501), "Compute-to-data is not offered here.");
        assert!(!server.get("/").await.text().contains(path), "{path} is not listed");
    }
}

#[tokio::test]
async fn without_a_chain_the_server_runs_and_says_what_to_set() {
    let server = TestServer::start().await;
    let root = server.get("/").await.expect(200).json();
    assert_eq!((&root["chainIds"], &root["providerAddresses"]), (&json!([]), &json!({})));
    let bytes = [("content-type", "application/octet-stream")];
    let encrypt = server.ask(Method::POST, "/api/services/encrypt?chainId=8996", &bytes).await;
    assert!(refusal(&encrypt, 503).contains("NETWORK_URL"));
    let initialize = "/api/services/initialize?documentId=did:op:1&serviceId=s&consumerAddress=c";
    assert!(refusal(&server.get(initialize).await, 503).contains("AQUARIUS_URL"));
}

#[tokio::test]
async fn the_root_says_who_we_are_and_where_everything_is() {
    let market = Market::open().await;
    let answer = market.server.get("/").await.expect(200);
    let root = answer.json();
    assert_eq!(root["software"], "Provider");
    assert_eq!(root["chainIds"], json!([CHAIN]));
    assert_eq!(root["providerAddresses"], json!({"8996": market.provider().to_string()}));
    let endpoints = root["serviceEndpoints"].as_object().unwrap();
    for name in [
        "nonce",
        "encrypt",
        "decrypt",
        "fileinfo",
        "initialize",
        "download",
        "create_auth_token",
        "delete_auth_token",
        "generateAuthToken",
        "invalidateAuthToken",
    ] {
        let (method, path) = (endpoints[name][0].as_str().unwrap(), endpoints[name][1].as_str().unwrap());
        let answer = market.server.ask(method.parse().unwrap(), path, &[]).await;
        assert!(![404, 405].contains(&answer.status), "{name} is where it says: {answer:?}");
    }
}

#[tokio::test]
async fn browsers_are_sent_to_the_panel_and_programs_are_not() {
    let server = TestServer::start().await;
    let page = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let sent = server.get_with("/", &[("accept", page)]).await.expect(303);
    assert_eq!((sent.header("location"), sent.header("vary")), ("/panel", "Accept"));
    let told = server.get("/").await.expect(200);
    for accept in ["application/json, text/plain, */*", "*/*", "application/json, text/html"] {
        let same = server.get_with("/", &[("accept", accept)]).await.expect(200);
        assert_eq!((&same.body, same.header("content-type")), (&told.body, "application/json"));
    }
    // Caches keep them apart, and what one origin is told from what another is.
    assert_eq!(told.header("vary"), "Accept");
    let from = server.get_with("/", &[("origin", "https://market.example")]).await.expect(200);
    let varies: Vec<_> = from.headers.get_all("vary").iter().collect();
    assert_eq!(varies, ["Accept", "Origin"]);
}

#[tokio::test]
async fn any_page_may_call_with_whatever_headers_it_likes() {
    let server = TestServer::start().await;
    let asked = [("origin", "https://market.example"), ("access-control-request-headers", "authtoken, x-y")];
    let preflight = server.ask(Method::OPTIONS, "/api/services/download", &asked).await.expect(200);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://market.example");
    assert_eq!(preflight.header("access-control-allow-headers"), "authtoken, x-y");
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    );
    let answer = server.get("/api/services/nonce").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.header("access-control-expose-headers").contains("Content-Disposition"));
}

#[tokio::test]
async fn a_signature_of_somebody_else_is_told_apart_and_not_repeated() {
    let market = Market::open().await;
    let sale = market.publish(&json!([]));
    let (buyer, other) = (Wallet::new(5), Wallet::new(6));
    let order = market.order(&sale, &buyer);
    let forged = other.sign(&format!("{}1", sale.did));
    let query = market.signed(&sale, &buyer, order, 1).with("signature", &forged);
    let answer = market.get("download", &query).await;
    let text = format!(
        "Invalid signature for ethereum address {}, message {} and nonce 1. Got {}",
        buyer.text(),
        sale.did,
        other.text()
    );
    assert_eq!(violations(&answer), json!({"signature": text}));
    for (signature, got) in
        [("0x12", "a signature is 65 bytes of hex"), ("zz", "a signature is 65 bytes of hex")]
    {
        let answer = market.get("download", &query.clone().with("signature", signature)).await;
        let text = violations(&answer)["signature"].as_str().unwrap().to_owned();
        assert!(text.ends_with(got), "{text}");
    }
    let answer = market.get("download", &query.with("consumerAddress", "nobody")).await;
    assert!(violations(&answer)["signature"].as_str().unwrap().contains("not an Ethereum address"));
}

#[tokio::test]
async fn parameters_may_be_in_the_query_a_json_body_or_a_form() {
    let market = Market::open().await;
    let user = Wallet::new(7);
    let signed = |nonce: u8| {
        Query::new(&[
            ("address", &user.text()),
            ("expiration", "1800000000"),
            ("nonce", &nonce.to_string()),
            ("signature", &user.sign(&format!("{}{nonce}", user.text()))),
        ])
    };
    market.get("createAuthToken", &signed(1)).await.expect(200);
    let url = market.server.url("/api/services/createAuthToken");
    let client = &market.server.client;
    Answer::of(client.get(&url).json(&signed(2).to_json())).await.expect(200);
    let form = signed(3).to_string();
    let form = client
        .get(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form[1..].to_owned());
    Answer::of(form).await.expect(200);
    for body in ["[]", "{", "\"\""] {
        let broken = Answer::of(client.get(&url).body(body)).await;
        assert_eq!(refusal(&broken, 400), "The body of the request is not a JSON object.");
    }
}
