//! Someone with an account, as a program that speaks Decoo's API sees themselves.

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use tidegate::{
    accounts::{Registered, sign},
    db::{AccountId, keys::KeyTerms},
};

use super::{
    answer::Answer,
    content::{Item, cid_v0, unique},
    form::{Form, content_type},
    server::TestServer,
};

/// See the module's documentation.
#[derive(Clone)]
pub struct Person {
    pub account: AccountId,
    pub api_key: String,
    /// An access token, fresh at registration.
    pub token: String,
    pub rsa_private_key: SecretString,
    pub url: String,
    pub client: reqwest::Client,
}

impl Person {
    pub async fn register(server: &TestServer, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let registered = server.app.accounts.register(&email, "correct horse".into()).await;
        Self::at(&server.url(""), &server.client, &registered.unwrap()).await
    }

    /// Someone who has registered already, at the server behind `url`.
    pub async fn at(url: &str, client: &reqwest::Client, registered: &Registered) -> Self {
        let mut person = Self {
            account: registered.account,
            api_key: registered.api_key.expose_secret().to_owned(),
            token: String::new(),
            rsa_private_key: registered.rsa_private_key.clone(),
            url: url.to_owned(),
            client: client.clone(),
        };
        person.token = person.fresh_token().await;
        person
    }

    /// The same person with another API key, and an access token of that key, whatever the key is for.
    pub async fn with_key(&self, server: &TestServer, terms: KeyTerms) -> Self {
        let accounts = &server.app.accounts;
        let added = accounts.add_api_key(self.account, &format!("key {}", unique()), terms).await;
        self.holding(server, added.unwrap().1.expose_secret()).await
    }

    /// The same person with this API key.
    pub async fn holding(&self, server: &TestServer, api_key: &str) -> Self {
        let accounts = &server.app.accounts;
        let caller = accounts.authenticate_api_key(api_key).await.unwrap();
        let token = accounts.issue_access_token(&caller).unwrap().token.expose_secret().to_owned();
        Self { api_key: api_key.to_owned(), token, ..self.clone() }
    }

    /// The same person with the same keys and token, at another server.
    pub fn moved_to(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// GET with the API key.
    pub async fn ask(&self, path: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.url));
        Answer::of(request.bearer_auth(&self.api_key)).await
    }

    /// Any method with the API key, and JSON as the body where there is one.
    pub async fn send(&self, method: reqwest::Method, path: &str, body: Option<serde_json::Value>) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.api_key);
        Answer::of(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    /// Removes all pins of a CID.
    pub async fn unpin(&self, cid: &str) -> Answer {
        self.send(reqwest::Method::DELETE, &format!("/pinning/unpin/{cid}"), None).await
    }

    /// Another access token.
    pub async fn fresh_token(&self) -> String {
        let answer = self.ask("/oauth/accessToken").await.expect(200);
        answer.json()["Data"].as_str().unwrap().to_owned()
    }

    /// The `secret` that goes with a CID.
    pub fn sign(&self, cid: &str) -> String {
        sign(&self.rsa_private_key, cid).unwrap()
    }

    /// A form that names `cid`, as its owner; files are to be added.
    pub fn form(&self, cid: &str) -> Form {
        Form::new().text("cid", cid).text("secret", &self.sign(cid))
    }

    /// The request of an upload with any body.
    pub fn request(&self, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}/pinning/pinFile", self.url))
            .header("UserAccessToken", &self.token)
            .header("Content-Type", content_type())
            .body(body)
    }

    pub async fn upload(&self, form: Form) -> Answer {
        Answer::of(self.request(form.close())).await
    }

    /// Pins `content` as Decoo's SDK does, and returns its CID.
    pub async fn pin(&self, content: &Bytes) -> String {
        self.pin_as(&cid_v0(content), content).await
    }

    /// Pins `content` under a CID of the caller's choice.
    pub async fn pin_as(&self, cid: &str, content: &Bytes) -> String {
        let answer = self.upload(self.form(cid).file("file.bin", content)).await.expect(200);
        let body = answer.json();
        assert_eq!(body["PinHash"], cid);
        assert_eq!(body["PinSize"], content.len());
        cid.to_owned()
    }

    /// Pins a folder of `items`, under the CID of that folder.
    pub async fn pin_folder(&self, cid: &str, items: &[Item]) -> Answer {
        self.upload(self.form(cid).items(items)).await
    }
}
