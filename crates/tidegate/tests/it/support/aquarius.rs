//! A metadata cache on loopback that knows what a test tells it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// A running cache; it ends with the value.
pub struct Aquarius {
    pub url: String,
    shelf: Arc<Mutex<Shelf>>,
    _server: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Shelf {
    documents: HashMap<String, Value>,
    asked: usize,
    broken: bool,
}

impl Aquarius {
    pub async fn start() -> Self {
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router =
            Router::new().route("/api/aquarius/assets/ddo/{did}", get(answer)).with_state(Arc::clone(&shelf));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shelf, _server: AbortOnDropHandle::new(server) }
    }

    /// Knows this document from now on.
    pub fn put(&self, document: &Value) {
        let did = document["id"].as_str().unwrap().to_owned();
        self.shelf.lock().unwrap().documents.insert(did, document.clone());
    }

    /// Whether it answers with errors from now on.
    pub fn set_broken(&self, broken: bool) {
        self.shelf.lock().unwrap().broken = broken;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.shelf.lock().unwrap().asked
    }
}

async fn answer(State(shelf): State<Arc<Mutex<Shelf>>>, Path(did): Path<String>) -> Response {
    let mut shelf = shelf.lock().unwrap();
    shelf.asked += 1;
    if shelf.broken {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match shelf.documents.get(&did) {
        Some(document) => Json(document.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
