//! `POST /pinning/pinFile`: an upload, streamed while it is hashed, decided at its end.

use axum::{
    Json,
    extract::{Request, State},
};
use http::{HeaderMap, header};
use serde::Serialize;

use super::{
    PinningError,
    form::{Complete, Fields, NamedCid, missing},
};
use crate::{
    accounts::Caller,
    app::App,
    config::Limits,
    db::pins::Visibility,
    http::{
        extract::{PIN, Uploader},
        multipart::{Multipart, PartHead, boundary_of},
        paced::Pace,
    },
    pins::{Format, Label, Upload, first_profile},
};

/// For each file of an upload, what its part may need beside its content.
const PART_OVERHEAD: u64 = 1 << 10;
/// What the other fields may need.
const FORM_OVERHEAD: u64 = 1 << 20;

/// The longest target of a symbolic link, as on Linux.
const SYMLINK_BYTES: usize = 4096;

/// The pin that an upload became.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::http) struct Pinned {
    /// The CID as the client gave it.
    pin_hash: String,
    /// Bytes of content.
    pin_size: u64,
    /// When, RFC 3339 with milliseconds, UTC.
    pin_date: String,
    /// As asked for; not there for those who did not ask, who know nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<&'static str>,
}

/// Receives the form and pins what it holds for the caller.
pub(in crate::http) async fn pin_file(
    Uploader(caller): Uploader<PIN>,
    State(app): State<App>,
    request: Request,
) -> Result<Json<Pinned>, PinningError> {
    let limits = &app.config.limits;
    let boundary = boundary_of(request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()))?;
    let limit = request_limit(limits);
    refuse_if_announced_too_large(request.headers(), limits, limit)?;
    let mut form = Multipart::new(request.into_body(), &boundary, Pace::of_uploads(limits), limit);

    let Received { upload, cid, label } = receive(&app, &caller, &mut form).await?;
    let visibility = label.visibility.map(Visibility::as_str);
    let pin = app.pins.pin_upload(&caller, upload, &cid.cid, &cid.text, label).await?;
    Ok(Json(Pinned {
        pin_hash: pin.pin.cid,
        pin_size: pin.pin.size,
        pin_date: pin.pinned_at.to_string(),
        visibility,
    }))
}

/// A whole form, whose signature is right.
struct Received {
    upload: Upload,
    cid: NamedCid,
    label: Label,
}

/// Reads the form to its end: fields in any order, content straight to the disk.
async fn receive(app: &App, caller: &Caller, form: &mut Multipart) -> Result<Received, PinningError> {
    let (mut fields, mut upload, mut file_name) = (Fields::default(), None, None);
    while let Some(part) = form.part().await? {
        if part.name != "file" {
            fields.read(&part.name, form).await?;
            // Nobody should have to send 100 GB to learn that the key is wrong.
            fields.check_signature(&app.accounts, caller).await?;
            continue;
        }
        let format = fields.begin_file()?;
        let is_first = upload.is_none();
        let upload = match &mut upload {
            Some(upload) => upload,
            none => none.insert(app.pins.begin_as(format, first_profile(fields.profile(), fields.cid()))?),
        };
        match format {
            Format::File => receive_entry(upload, &part, form).await?,
            Format::Tar | Format::Car if is_first => receive_archive(upload, form).await?,
            Format::Tar | Format::Car => {
                return Err(PinningError::BadRequest("An archive comes alone, as the only file".to_owned()));
            }
        }
        file_name = file_name.or(part.file_name);
    }
    fields.check_signature(&app.accounts, caller).await?;
    let upload = upload.ok_or_else(|| missing("file"))?;
    let Complete { cid, label } = fields.complete()?;
    let name = label.name.or(file_name).filter(|name| !name.is_empty());
    Ok(Received { upload, cid, label: Label { name, ..label } })
}

/// Takes the one `file` part of an upload that is an archive.
async fn receive_archive(upload: &mut Upload, form: &mut Multipart) -> Result<(), PinningError> {
    while let Some(bytes) = form.data().await? {
        upload.write(bytes).await?;
    }
    Ok(())
}

/// Takes one `file` part: a file, or as Kubo's clients mark them, a folder or a symbolic link.
pub(in crate::http) async fn receive_entry(
    upload: &mut Upload,
    part: &PartHead,
    form: &mut Multipart,
) -> Result<(), PinningError> {
    let path = part.file_name.as_deref().unwrap_or_default();
    match part.content_type.as_deref() {
        Some("application/x-directory") => {
            form.skip().await?;
            upload.add_directory(path).await?;
        }
        Some("application/symlink") => {
            let target = form.text(SYMLINK_BYTES).await?;
            upload.add_symlink(path, target.into()).await?;
        }
        _ => {
            upload.open_file(path).await?;
            while let Some(bytes) = form.data().await? {
                upload.write(bytes).await?;
            }
            upload.close_file().await?;
        }
    }
    Ok(())
}

/// The longest body of an upload, in bytes.
pub(in crate::http) fn request_limit(limits: &Limits) -> u64 {
    let files = u64::try_from(limits.upload_files).unwrap_or(u64::MAX);
    limits
        .upload_size
        .as_u64()
        .saturating_add(FORM_OVERHEAD)
        .saturating_add(files.saturating_mul(PART_OVERHEAD))
}

/// With `Content-Length` a hopeless upload ends before it begins.
fn refuse_if_announced_too_large(
    headers: &HeaderMap,
    limits: &Limits,
    limit: u64,
) -> Result<(), PinningError> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    match announced {
        Some(length) if length > limit => Err(PinningError::TooLarge(format!(
            "an upload may hold {} bytes of content at most",
            limits.upload_size.as_u64()
        ))),
        _ => Ok(()),
    }
}
