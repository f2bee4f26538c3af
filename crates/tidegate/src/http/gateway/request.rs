//! What a gateway request asks for: a root, a path, a format.

use http::{HeaderMap, Uri, header};
use percent_encoding::percent_decode_str;
use tidegate_content::{Cid, parse_cid};

use super::GatewayError;

/// More segments than any path of ours has.
const MAX_SEGMENTS: usize = 512;

/// A request for content, read.
pub(super) struct GatewayRequest<'a> {
    /// The first CID of the path.
    pub root: Cid,
    /// The names behind it, decoded; none is empty.
    pub segments: Vec<String>,
    /// Whether the path ends in a slash.
    pub trailing_slash: bool,
    /// How to answer.
    pub format: Format,
    /// Whether the format came from `Accept`, so that caches of other formats must be told where this one lives.
    pub negotiated: bool,
    /// `filename`, a name to save under.
    pub file_name: Option<String>,
    /// `download=true`: save, do not show.
    pub download: bool,
    /// `Cache-Control: only-if-cached`.
    pub only_if_cached: bool,
    /// The path as it came, percent-encoded.
    pub path: &'a str,
    /// The query as it came.
    pub query: Option<&'a str>,
}

/// In which form content is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// As the file it is.
    File,
    /// One block, for clients that check.
    Raw,
    /// Blocks in a CAR, for clients that check.
    Car(CarOptions),
}

/// How a CAR is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CarOptions {
    /// Whether a block comes as often as it is linked to.
    pub duplicates: bool,
}

impl<'a> GatewayRequest<'a> {
    /// Reads URI and headers.
    ///
    /// # Errors
    /// The path holds no CID or is not UTF-8, or the format is unknown or not offered.
    pub(super) fn parse(uri: &'a Uri, headers: &HeaderMap) -> Result<Self, GatewayError> {
        let path = uri.path();
        let rest = path.strip_prefix("/ipfs/").unwrap_or_default();
        let mut names = rest.split('/');
        let root = names.next().unwrap_or_default();
        let root =
            parse_cid(root).map_err(|error| GatewayError::BadRequest(format!("{root:?} is {error}")))?;
        let mut segments = Vec::new();
        for name in names.filter(|name| !name.is_empty()) {
            let name = percent_decode_str(name).decode_utf8();
            let name = name.map_err(|_| GatewayError::BadRequest("the path is not UTF-8".to_owned()))?;
            segments.push(name.into_owned());
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(GatewayError::BadRequest("the path is too long".to_owned()));
        }
        let query = Query::parse(uri.query().unwrap_or_default());
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let (format, negotiated) = choose(&query, accept)?;
        let cache_control = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
        Ok(Self {
            root,
            segments,
            trailing_slash: rest.ends_with('/'),
            format,
            negotiated,
            file_name: query.get("filename").map(str::to_owned).filter(|name| !name.is_empty()),
            download: query.get("download") == Some("true"),
            only_if_cached: cache_control.is_some_and(|value| value.contains("only-if-cached")),
            path,
            query: uri.query(),
        })
    }

    /// `/name` for what comes behind the root, for messages.
    pub(super) fn up_to(&self, segment: usize) -> String {
        let mut path = format!("/ipfs/{}", self.root);
        for name in &self.segments[..segment.min(self.segments.len())] {
            path.push('/');
            path.push_str(name);
        }
        path
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// The format: by the query, else by `Accept`, else the content itself (path gateway specification, section 2.2).
fn choose(query: &Query, accept: &str) -> Result<(Format, bool), GatewayError> {
    match query.get("format") {
        Some("raw") => return Ok((Format::Raw, false)),
        Some("car") => {
            return Ok((Format::Car(car_options(query, car_in(accept).unwrap_or_default())?), false));
        }
        Some(other) => return Err(not_offered(other)),
        None => {}
    }
    if let Some(parameters) = car_in(accept) {
        return Ok((Format::Car(car_options(query, parameters)?), true));
    }
    if media_ranges(accept).any(|(essence, _)| essence.eq_ignore_ascii_case("application/vnd.ipld.raw")) {
        return Ok((Format::Raw, true));
    }
    let only = media_ranges(accept).map(|(essence, _)| essence).collect::<Vec<_>>();
    match only.as_slice() {
        [single] if UNOFFERED.contains(single) => Err(not_offered(single)),
        _ => Ok((Format::File, false)),
    }
}

/// Formats of the specification that are not offered; asked for alone, a file would be the wrong answer.
const UNOFFERED: [&str; 4] = [
    "application/x-tar",
    "application/vnd.ipld.dag-json",
    "application/vnd.ipld.dag-cbor",
    "application/vnd.ipfs.ipns-record",
];

fn not_offered(format: &str) -> GatewayError {
    GatewayError::NotAcceptable(format!("the format {format:?} is not offered; raw and car are"))
}

fn media_ranges(accept: &str) -> impl Iterator<Item = (&str, &str)> {
    accept.split(',').map(|range| {
        let (essence, parameters) = range.split_once(';').unwrap_or((range, ""));
        (essence.trim(), parameters)
    })
}

fn car_in(accept: &str) -> Option<&str> {
    media_ranges(accept)
        .find(|(essence, _)| essence.eq_ignore_ascii_case("application/vnd.ipld.car"))
        .map(|(_, parameters)| parameters)
}

/// The layout asked for; parameters of the query win over those of the media type (trustless gateway, section 5.2).
fn car_options(query: &Query, parameters: &str) -> Result<CarOptions, GatewayError> {
    let parameter = |name: &str| {
        let in_accept = parameters.split(';').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key.trim() == name).then(|| value.trim().trim_matches('"'))
        });
        query.get(&format!("car-{name}")).or(in_accept)
    };
    let refuse =
        |what: &str, value: &str| Err(GatewayError::BadRequest(format!("{what} {value:?} is not offered")));
    if let Some(version) = parameter("version").filter(|version| *version != "1") {
        return refuse("CAR version", version);
    }
    if let Some(order) = parameter("order").filter(|order| !matches!(*order, "dfs" | "unk")) {
        return refuse("CAR order", order);
    }
    if let Some(scope) = query.get("dag-scope").filter(|scope| *scope != "all") {
        return refuse("dag-scope", scope);
    }
    if let Some(range) = query.get("entity-bytes") {
        return refuse("entity-bytes", range);
    }
    match parameter("dups") {
        None | Some("n") => Ok(CarOptions { duplicates: false }),
        Some("y") => Ok(CarOptions { duplicates: true }),
        Some(other) => refuse("CAR dups", other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(query: &str, accept: &str) -> Result<Format, GatewayError> {
        choose(&Query::parse(query), accept).map(|(format, _)| format)
    }

    #[test]
    fn the_query_wins_over_accept_and_browsers_get_files() {
        const PLAIN: Format = Format::Car(CarOptions { duplicates: false });
        const REPEATED: Format = Format::Car(CarOptions { duplicates: true });
        for (query, accept, expected) in [
            ("", "", Format::File),
            ("", "text/html,application/xhtml+xml,*/*;q=0.8", Format::File),
            ("", "application/vnd.ipld.raw", Format::Raw),
            ("format=raw", "application/vnd.ipld.car", Format::Raw),
            ("format=car", "", PLAIN),
            ("format=car&car-dups=y", "", REPEATED),
            ("", "application/vnd.ipld.car; version=1; order=dfs; dups=y, */*", REPEATED),
            ("car-dups=n", "application/vnd.ipld.car;dups=y", PLAIN),
        ] {
            assert_eq!(format(query, accept).ok(), Some(expected), "{query} {accept}");
        }
        for (query, accept) in [
            ("format=tar", ""),
            ("format=car&car-version=2", ""),
            ("format=car&dag-scope=block", ""),
            ("format=car&entity-bytes=0:1", ""),
            ("", "application/vnd.ipld.car; order=bfs"),
            ("", "application/vnd.ipld.dag-json"),
        ] {
            assert!(format(query, accept).is_err(), "{query} {accept}");
        }
    }
}
