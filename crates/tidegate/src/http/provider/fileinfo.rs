//! `POST fileinfo`: what a file is, without the file. Anybody may ask, so it is bounded what that costs.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use http::StatusCode;
use tidegate_ocean::FileObject;

use super::{
    ProviderError,
    json::Answer,
    params::Params,
    throttle::Questions,
    validation::{Violations, not_selectable, required_when, required_without, wrong_format},
};
use crate::{
    app::App,
    downloads::Refusal,
    http::visit::Visit,
    sources::{Seller, entry},
};

/// Files of one asset that are looked at.
const MAX_FILES: usize = 256;

/// Files of one request that are looked at together.
const TOGETHER: usize = 4;

/// The kinds of files, each with the parameter that it needs.
const KINDS: [(&str, Option<&str>); 5] = [
    ("ipfs", Some("hash")),
    ("url", Some("url")),
    ("arweave", Some("transactionId")),
    ("graphql", None),
    ("smartcontract", None),
];

/// Tells about the files of an asset, or about one that the caller describes.
pub(super) async fn tell(
    State(app): State<App>,
    Extension(questions): Extension<Arc<Questions>>,
    Extension(visit): Extension<Visit>,
    params: Params,
) -> Result<Response, ProviderError> {
    validate(&params)?;
    let (files, seller) = match params.text("did") {
        Some(did) => of_asset(&app, &did, &params.text("serviceId").unwrap_or_default()).await?,
        None => (vec![FileObject::parse(&params.to_object()).map_err(Refusal::Object)?], Seller::default()),
    };
    let _place = questions.enter(visit.caller(), files.len(), app.clock.now())?;
    let (mut entries, checksum) = (Vec::with_capacity(files.len()), params.is_true("checksum"));
    for together in files.chunks(TOGETHER) {
        let details = join_all(together.iter().map(|file| app.sources.probe(file, seller, checksum))).await;
        for (file, details) in together.iter().zip(details) {
            entries.push(entry(entries.len(), file.kind(), details.ok().as_ref()));
        }
    }
    Ok(Answer(StatusCode::OK, entries).into_response())
}

fn validate(params: &Params) -> Result<(), Violations> {
    let mut wrong = Violations::default();
    let (kind, did) = (params.text("type"), params.text("did"));
    match (&kind, &did) {
        (None, None) => {
            wrong.add("type", required_without("type", "did"));
            wrong.add("did", required_without("did", "type"));
        }
        (Some(kind), _) if !KINDS.iter().any(|(known, _)| kind == known) => {
            wrong.add("type", not_selectable("type"));
        }
        _ => {}
    }
    if did.is_some_and(|did| !did.starts_with("did:op")) {
        wrong.add("did", wrong_format("did"));
    }
    if kind.is_none() && !params.has("serviceId") {
        wrong.add("serviceId", required_without("serviceId", "type"));
    }
    for (known, needed) in KINDS {
        if let Some(needed) = needed.filter(|needed| kind.as_deref() == Some(known) && !params.has(needed)) {
            wrong.add(needed, required_when(needed, "type", known));
        }
    }
    wrong.check()
}

/// The files of a service, and who sells them.
async fn of_asset(app: &App, did: &str, service: &str) -> Result<(Vec<FileObject>, Seller), ProviderError> {
    let offer = app.downloads.offer(did, service).await?;
    let count = offer.files()?.len();
    if count > MAX_FILES {
        return Err(ProviderError::refused(format!("The service has more than {MAX_FILES} files.")));
    }
    let files: Vec<_> = (0..count).map(|index| offer.file(index, None)).collect::<Result<_, _>>()?;
    let seller = offer.seller_of(&files).await;
    Ok((files, seller))
}
