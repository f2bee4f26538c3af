//! Somebody at the panel: a browser with cookies, as far as pages without scripts need one. Redirects are not followed by themselves.

use std::collections::BTreeMap;

use http::Method;
use tidegate::db::AccountId;

use super::{answer::Answer, server::TestServer};

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse";

/// See the module's documentation.
pub struct Browser {
    client: reqwest::Client,
    base: String,
    pub cookies: BTreeMap<String, String>,
    /// Sent with each request, beside cookies.
    pub headers: Vec<(&'static str, String)>,
}

impl Browser {
    /// Of somebody who is not signed in.
    pub fn at(server: &TestServer) -> Self {
        Self {
            client: server.client.clone(),
            base: server.url(""),
            cookies: BTreeMap::new(),
            headers: Vec::new(),
        }
    }

    /// Of somebody with a new account, `name@example.org`, who is signed in.
    pub async fn of(server: &TestServer, name: &str) -> (Self, AccountId) {
        let email = format!("{name}@example.org");
        let registered = server.app.accounts.register(&email, PASSWORD.into()).await.unwrap();
        let mut browser = Self::at(server);
        browser.sign_in(&email).await;
        (browser, registered.account)
    }

    /// The same for an administrator.
    pub async fn of_admin(server: &TestServer, name: &str) -> (Self, AccountId) {
        let (browser, account) = Self::of(server, name).await;
        server.app.accounts.set_admin(account, true).await.unwrap();
        (browser, account)
    }

    /// Signs in with [`PASSWORD`].
    pub async fn sign_in(&mut self, email: &str) {
        let answer = self.post("/panel/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], None).await
    }

    /// The text of a page that must be there.
    pub async fn page(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.text().to_owned()
    }

    /// Posts a form as a page of the panel does.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask(Method::POST, path, &[("sec-fetch-site", "same-origin")], Some(fields)).await
    }

    /// Posts a form, which must work, and shows the page that comes next.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {answer:?}");
        let next = answer.header("location").to_owned();
        self.page(&next).await
    }

    pub async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(fields) = form {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = Answer::of(request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            self.keep(cookie.to_str().unwrap());
        }
        answer
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
