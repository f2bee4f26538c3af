//! Pinata's older API as programs see it that were written for Pinata.

mod dispatch;
mod lists;
mod uploads;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    form::{Form, content_type},
    person::Person,
    server::TestServer,
};

/// A request with Pinata's two headers.
pub fn request(server: &TestServer, person: &Person, method: Method, path: &str) -> reqwest::RequestBuilder {
    server
        .client
        .request(method, server.url(path))
        .header("pinata_api_key", "whatever")
        .header("pinata_secret_api_key", &person.api_key)
}

pub async fn get(server: &TestServer, person: &Person, path: &str) -> Answer {
    Answer::of(request(server, person, Method::GET, path)).await
}

pub async fn upload(server: &TestServer, person: &Person, form: Form) -> Answer {
    let request = request(server, person, Method::POST, "/pinning/pinFileToIPFS");
    Answer::of(request.header("Content-Type", content_type()).body(form.close())).await
}

pub async fn post_json(server: &TestServer, person: &Person, path: &str, body: &Value) -> Answer {
    Answer::of(request(server, person, Method::POST, path).json(body)).await
}

/// The reason code and the words of an error in this API's shape.
#[track_caller]
pub fn refusal(answer: &Answer, status: u16) -> (String, String) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    let [reason, details] = ["reason", "details"].map(|key| body["error"][key].as_str().unwrap().to_owned());
    assert_eq!(body, json!({"error": {"reason": reason, "details": details}}));
    (reason, details)
}
