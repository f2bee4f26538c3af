//! `GET /`: who we are and where everything is. Clients find each route here by its name. Browsers are sent to the panel.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::json::Answer;
use crate::app::App;

/// Each name under which some client looks a route up, with method and path. Classic clients know the first ones and
/// spell them with underscores; clients of the node dialect know the last two. What is not offered is not named.
const ENDPOINTS: [(&str, &str, &str); 12] = [
    ("createAuthToken", "GET", "/api/services/createAuthToken"),
    ("create_auth_token", "GET", "/api/services/createAuthToken"),
    ("decrypt", "POST", "/api/services/decrypt"),
    ("deleteAuthToken", "DELETE", "/api/services/deleteAuthToken"),
    ("delete_auth_token", "DELETE", "/api/services/deleteAuthToken"),
    ("download", "GET", "/api/services/download"),
    ("encrypt", "POST", "/api/services/encrypt"),
    ("fileinfo", "POST", "/api/services/fileinfo"),
    ("generateAuthToken", "POST", "/api/services/auth/token"),
    ("initialize", "GET", "/api/services/initialize"),
    ("invalidateAuthToken", "POST", "/api/services/auth/token/invalidate"),
    ("nonce", "GET", "/api/services/nonce"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Root {
    chain_ids: Vec<u64>,
    /// By chain id as text, with checksum.
    provider_addresses: BTreeMap<String, String>,
    service_endpoints: Endpoints,
    software: &'static str,
    version: &'static str,
}

struct Endpoints;

impl Serialize for Endpoints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(ENDPOINTS.len()))?;
        for (name, method, path) in ENDPOINTS {
            map.serialize_entry(name, &[method, path])?;
        }
        map.end()
    }
}

/// Tells who we are; somebody with a browser is sent to the panel.
pub(in crate::http) async fn describe(State(app): State<App>, headers: HeaderMap) -> Response {
    let mut response = if wants_page(&headers) {
        (StatusCode::SEE_OTHER, [(header::LOCATION, HeaderValue::from_static("/panel"))]).into_response()
    } else {
        tell(&app).await
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

async fn tell(app: &App) -> Response {
    let chains = app.chains.all().await;
    let root = Root {
        chain_ids: chains.keys().copied().collect(),
        provider_addresses: chains
            .values()
            .map(|chain| (chain.id().to_string(), chain.key().address().to_string()))
            .collect(),
        service_endpoints: Endpoints,
        software: "Provider",
        version: env!("CARGO_PKG_VERSION"),
    };
    Answer(StatusCode::OK, root).into_response()
}

/// Browsers name pages, and JSON behind them if at all. Programs name JSON, anything, or nothing.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut types = accept.flat_map(|value| value.split(',')).filter_map(|range| range.split(';').next());
    let first = types.find(|kind| matches!(kind.trim(), "text/html" | "application/json"));
    first.is_some_and(|kind| kind.trim() == "text/html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_for_those_who_name_them_first() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/xhtml+xml, text/html;q=0.9, application/json;q=0.1", true),
            ("application/json, text/plain, */*", false),
            ("application/json, text/html", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wants_page(&headers), expected, "{accept}");
        }
        assert!(!wants_page(&HeaderMap::new()));
    }
}
