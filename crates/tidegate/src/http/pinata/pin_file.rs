//! `pinFileToIPFS`: files or a folder, whose CID the server tells.

use axum::{
    Json,
    extract::{Request, State},
};
use http::header;
use serde::Serialize;
use tidegate_content::Profile;

use super::{
    PinataCaller, PinataError,
    options::{Metadata, Options},
};
use crate::{
    accounts::Caller,
    app::App,
    db::pins::PinSource,
    http::{
        extract::PIN,
        multipart::{Multipart, boundary_of},
        paced::Pace,
        pinning::{receive_entry, request_limit},
    },
    pins::{Upload, Wanted},
};

/// The longest field that is not a file.
const FIELD_BYTES: usize = 64 << 10;

/// The pin that an upload became.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::http) struct Pinned {
    ipfs_hash: String,
    /// Bytes of content.
    pin_size: u64,
    /// When, RFC 3339 with milliseconds, UTC.
    timestamp: String,
    /// Whether it was pinned before.
    #[serde(rename = "isDuplicate")]
    is_duplicate: bool,
}

/// Receives the form and pins what it holds.
pub(in crate::http) async fn pin_file(
    PinataCaller(caller): PinataCaller<PIN>,
    State(app): State<App>,
    request: Request,
) -> Result<Json<Pinned>, PinataError> {
    let limits = &app.config.limits;
    let boundary = boundary_of(request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()))?;
    let mut form =
        Multipart::new(request.into_body(), &boundary, Pace::of_uploads(limits), request_limit(limits));

    let (mut metadata, mut options, mut upload, mut first_name) = (None, None, None, None);
    while let Some(part) = form.part().await? {
        match part.name.as_str() {
            "pinataMetadata" => metadata = Some(Metadata::parse(&form.text(FIELD_BYTES).await?)?),
            "pinataOptions" => options = Some(Options::parse(&form.text(FIELD_BYTES).await?)?),
            "file" => {
                let upload: &mut Upload = match &mut upload {
                    Some(upload) => upload,
                    // Options that come later may mean another import, which the end sees to.
                    none => none.insert(
                        app.pins.begin(options.as_ref().map_or(Profile::UNIXFS_V0_2015, Options::profile))?,
                    ),
                };
                receive_entry(upload, &part, &mut form).await?;
                first_name = first_name.or(part.file_name);
            }
            _ => form.skip().await?,
        }
    }
    let upload =
        upload.ok_or_else(|| PinataError::BadRequest("The form has no field named file".to_owned()))?;
    let mut metadata = metadata.unwrap_or_default();
    // A folder is called like its first part of the path.
    let called =
        first_name.and_then(|name| name.trim_start_matches('/').split('/').next().map(str::to_owned));
    metadata.name = metadata.name.or(called).filter(|name| !name.is_empty());
    pin_received(&app, &caller, upload, &options.unwrap_or_default(), metadata).await
}

/// Pins what came for the caller.
pub(super) async fn pin_received(
    app: &App,
    caller: &Caller,
    upload: Upload,
    options: &Options,
    metadata: Metadata,
) -> Result<Json<Pinned>, PinataError> {
    let wanted = Wanted {
        profile: options.profile(),
        wrap: options.wrap_with_directory,
        source: PinSource::Pinata,
        meta: metadata.meta(),
        name: metadata.name,
        visibility: None,
    };
    let pin = app.pins.pin_whole(caller, upload, wanted).await?;
    Ok(Json(Pinned {
        is_duplicate: !pin.is_new(),
        timestamp: pin.pinned_at.to_string(),
        pin_size: pin.pin.size,
        ipfs_hash: pin.pin.cid,
    }))
}
