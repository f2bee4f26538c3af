//! Uploads that go on after a break, by the tus protocol: within one command after network errors, and from one command to the
//! next by a note (`unfinished.rs`).

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode, header};
use reqwest::{Client, RequestBuilder, Response, Url};

use super::{
    Failure,
    client::{self, Address},
    progress::Progress,
    sending::{self, Sending, Sink, Stop},
    tarball,
    tree::Tree,
    unfinished::{Note, Place},
};

/// Where uploads begin.
const PATH: &str = "/api/v1/uploads";
/// Tries without any progress before it is given up.
const TRIES: u32 = 8;
/// The wait before the second of them; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How long a question about an upload may take.
const QUESTION: Duration = Duration::from_secs(60);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// One upload: where to, and what.
pub(super) struct Resumable<'a, T> {
    pub http: Client,
    pub endpoint: &'a Address,
    /// Gives a fresh access token: an upload may take longer than one is good.
    pub token: T,
    pub tree: Arc<Tree>,
    pub cid: &'a str,
    /// What the server is told about it.
    pub metadata: Vec<(&'static str, String)>,
    pub progress: Arc<Progress>,
}

/// What an upload became.
pub(super) struct Uploaded {
    pub cid: String,
    pub size: u64,
    pub date: String,
    /// How much an earlier command had sent already.
    pub resumed_from: Option<u64>,
}

/// Why a request did not do what it should.
enum Trouble {
    /// Another try may go better.
    Passing(Failure),
    /// It will not, but the upload stays.
    Lasting(Failure),
    /// The upload is not there any more.
    Over(Failure),
}

/// Whether the server at `endpoint` has such uploads.
pub(super) async fn is_offered(http: &Client, endpoint: &Address) -> bool {
    let asked = http.request(Method::OPTIONS, endpoint.join(PATH)).send().await;
    asked.is_ok_and(|answer| {
        let versions = answer.headers().get("tus-version").and_then(|versions| versions.to_str().ok());
        versions.is_some_and(|versions| versions.split(',').any(|version| version.trim() == "1.0.0"))
    })
}

impl<T: AsyncFn() -> Result<String, Failure>> Resumable<'_, T> {
    /// Sends all that the server does not have yet.
    pub(super) async fn upload(self) -> Result<Uploaded, Failure> {
        let metadata = encode(&self.metadata);
        let place = Place::of(&[&self.endpoint.to_string(), self.cid, &metadata]);
        let (mut url, mut offset) = (None, 0);
        if let Some(note) = place.read() {
            match self.offset(&note.upload).await {
                Ok(here) => (url, offset) = (Some(note.upload), here),
                Err(Trouble::Over(_)) => place.remove(),
                Err(Trouble::Passing(failure) | Trouble::Lasting(failure)) => return Err(failure),
            }
        }
        let resumed_from = url.is_some().then_some(offset);
        let url = match url {
            Some(url) => url,
            None => self.begin(&metadata).await.map_err(Trouble::into_failure)?,
        };
        place.write(&Note { upload: url.clone(), cid: self.cid.to_owned() });
        let mut tries = 0;
        loop {
            let failure = match self.send_from(&url, offset).await {
                Ok(answer) => {
                    place.remove();
                    return uploaded(&answer, resumed_from);
                }
                Err(Trouble::Passing(failure)) => failure,
                Err(Trouble::Lasting(failure)) => return Err(failure),
                Err(Trouble::Over(failure)) => {
                    place.remove();
                    return Err(failure);
                }
            };
            tries += 1;
            if tries == TRIES {
                return Err(failure);
            }
            tokio::time::sleep((FIRST_WAIT * 2_u32.pow(tries - 1)).min(LONGEST_WAIT)).await;
            match self.offset(&url).await {
                Ok(here) => {
                    if here > offset {
                        tries = 0;
                    }
                    offset = here;
                }
                // It counts as a try that got nowhere.
                Err(Trouble::Passing(_)) => {}
                Err(trouble) => {
                    place.remove();
                    return Err(trouble.into_failure());
                }
            }
        }
    }

    /// Begins an upload; returns its address.
    async fn begin(&self, metadata: &str) -> Result<String, Trouble> {
        let address = self.endpoint.join(PATH);
        let request = self.request(Method::POST, &address).await?.header("Upload-Length", self.len());
        let request = request.timeout(QUESTION);
        let answer = self.answer(request.header("Upload-Metadata", metadata)).await?;
        let location = answer.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
        let joined =
            Url::parse(&address).ok().zip(location).and_then(|(base, location)| base.join(location).ok());
        let located = joined.ok_or_else(|| anyhow!("the server does not say where the upload is"));
        let located = located.map_err(|error| Trouble::Lasting(error.into()))?;
        // The token goes where it was meant to, and nowhere else.
        let base = Url::parse(&address).context("the endpoint's address")?;
        if located.origin() != base.origin() {
            return Err(anyhow!("the server sends uploads to another server, {located}").into());
        }
        Ok(located.into())
    }

    /// How much is there.
    async fn offset(&self, url: &str) -> Result<u64, Trouble> {
        let answer = self.answer(self.request(Method::HEAD, url).await?.timeout(QUESTION)).await?;
        let number = |name| answer.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
        match (number("upload-offset"), number("upload-length")) {
            (Some(offset), Some(length)) if length == self.len() && offset <= length => Ok(offset),
            _ => Err(Trouble::Over(anyhow!("the upload at the server is another one").into())),
        }
    }

    /// Sends the rest, and waits until it is pinned.
    async fn send_from(&self, url: &str, offset: u64) -> Result<Response, Trouble> {
        self.progress.set(offset);
        let tree = Arc::clone(&self.tree);
        let write = move |sink: &mut Sink| write(&tree, sink);
        let Sending { body, reading } = sending::send(offset, Arc::clone(&self.progress), write);
        let request = self.request(Method::PATCH, url).await?;
        let request = request
            .header("Upload-Offset", offset)
            .header(header::CONTENT_TYPE, "application/offset+octet-stream")
            .header(header::CONTENT_LENGTH, self.len() - offset);
        let answered = self.answer(request.body(body)).await;
        if let Err(Trouble::Passing(_)) = &answered {
            // When the request broke off without an answer, the reader may know why.
            let read = reading.await.context("sending stopped unexpectedly").and_then(|read| read);
            read.map_err(|error| Trouble::Lasting(error.into()))?;
        }
        answered
    }

    async fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, Trouble> {
        let token = (self.token)().await.map_err(|failure| match failure {
            Failure::Failed(error) => Trouble::Passing(Failure::Failed(error)),
            refused => Trouble::Lasting(refused),
        })?;
        let request = self.http.request(method, url);
        Ok(request.header("Tus-Resumable", "1.0.0").header("UserAccessToken", token))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        let answer = request.send().await;
        let answer =
            answer.map_err(|error| Trouble::Passing(client::no_answer(error, self.endpoint).into()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let failure = client::refusal(answer).await;
        Err(match status {
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::CONFLICT
            | StatusCode::LOCKED
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Trouble::Passing(failure),
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE => Trouble::Over(failure),
            _ => Trouble::Lasting(failure),
        })
    }

    fn len(&self) -> u64 {
        if self.tree.is_directory { tarball::len(&self.tree) } else { self.tree.size() }
    }
}

/// A folder as an archive, a file as it is.
fn write(tree: &Tree, sink: &mut Sink) -> Result<(), Stop> {
    if tree.is_directory {
        return tarball::send(tree, sink);
    }
    tree.entries.iter().try_for_each(|entry| sink.file(&tree.path_of(entry), entry.size()))
}

fn uploaded(answer: &Response, resumed_from: Option<u64>) -> Result<Uploaded, Failure> {
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let pinned = text("x-tidegate-cid")
        .zip(text("x-tidegate-size").and_then(|size| size.parse().ok()))
        .zip(text("x-tidegate-date"));
    let ((cid, size), date) = pinned.ok_or_else(|| anyhow!("the server does not say what it has pinned"))?;
    Ok(Uploaded { cid: cid.to_owned(), size, date: date.to_owned(), resumed_from })
}

fn encode(metadata: &[(&'static str, String)]) -> String {
    let pairs = metadata.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

impl Trouble {
    fn into_failure(self) -> Failure {
        match self {
            Self::Passing(failure) | Self::Lasting(failure) | Self::Over(failure) => failure,
        }
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Lasting(error.into())
    }
}
