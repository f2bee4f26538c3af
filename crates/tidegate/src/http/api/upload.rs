//! `/upload/{token}`: one file, from whoever has the link. Streamed like any upload, and decided at its end.

use axum::{
    Extension, Json,
    extract::{Path, Request, State},
};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use tidegate_content::{Profile, parse_cid};

use super::{
    super::{
        multipart::{Multipart, boundary_of},
        paced::{Pace, PacedBody},
        visit::Visit,
    },
    ApiError,
};
use crate::{
    accounts::LinkError,
    app::App,
    db::{
        links::UploadLink,
        pins::{Pin, PinSource},
    },
    pins::{Allowance, Label, PinError, Upload, Wanted, first_profile},
};

/// What a form may have beside its file.
const FORM_OVERHEAD: u64 = 64 << 10;

/// The pin that an upload became.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Pinned {
    cid: String,
    /// Bytes of content.
    size: u64,
    name: Option<String>,
    /// RFC 3339 with milliseconds, UTC.
    pinned_at: String,
}

/// Takes the body as the file.
pub(in crate::http) async fn put_upload(
    State(app): State<App>,
    Extension(visit): Extension<Visit>,
    Path(token): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Pinned>), ApiError> {
    let door = Door::open(&app, &visit, &token).await?;
    door.refuse_if_announced_too_large(request.headers(), 0)?;
    let mut upload = door.begin()?;
    let pace = Pace::of_uploads(&app.config.limits);
    let mut body = PacedBody::new(request.into_body(), pace).at_most(door.limit());
    upload.open_file("").await?;
    while let Some(bytes) = body.next().await? {
        upload.write(bytes).await?;
    }
    upload.close_file().await?;
    door.pin(upload, None).await
}

/// Takes the field `file` of a form as the file.
pub(in crate::http) async fn post_upload(
    State(app): State<App>,
    Extension(visit): Extension<Visit>,
    Path(token): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Pinned>), ApiError> {
    let door = Door::open(&app, &visit, &token).await?;
    let boundary = boundary_of(request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()))?;
    door.refuse_if_announced_too_large(request.headers(), FORM_OVERHEAD)?;
    let limit = door.limit().saturating_add(FORM_OVERHEAD);
    let pace = Pace::of_uploads(&app.config.limits);
    let mut form = Multipart::new(request.into_body(), &boundary, pace, limit);
    let mut received = None;
    while let Some(part) = form.part().await? {
        if part.name != "file" {
            form.skip().await?;
            continue;
        }
        if received.is_some() {
            return Err(ApiError::BadRequest("The form has two fields named file".to_owned()));
        }
        let mut upload = door.begin()?;
        upload.open_file("").await?;
        while let Some(bytes) = form.data().await? {
            upload.write(bytes).await?;
        }
        upload.close_file().await?;
        received = Some((upload, part.file_name));
    }
    let (upload, file_name) =
        received.ok_or_else(|| ApiError::BadRequest("The form has no field named file".to_owned()))?;
    door.pin(upload, file_name).await
}

/// A link that takes an upload now.
struct Door<'a> {
    app: &'a App,
    link: UploadLink,
    by: Allowance,
}

impl<'a> Door<'a> {
    async fn open(app: &'a App, visit: &Visit, token: &str) -> Result<Self, ApiError> {
        visit.knock()?;
        visit.try_key()?;
        let opened = app.accounts.open_link(token).await;
        if opened == Err(LinkError::Unknown) {
            visit.failed();
        }
        let (link, caller) = opened?;
        visit.enter(&caller)?;
        let by = Allowance::from(&caller).by_link(&link.id);
        Ok(Self { app, link, by })
    }

    /// The most bytes of content.
    fn limit(&self) -> u64 {
        let most = self.app.config.limits.upload_size.as_u64();
        self.link.max_size.map_or(most, |size| size.min(most))
    }

    /// With `Content-Length` a hopeless upload ends before it begins.
    fn refuse_if_announced_too_large(&self, headers: &HeaderMap, overhead: u64) -> Result<(), ApiError> {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
        match announced.and_then(|length| length.parse::<u64>().ok()) {
            Some(length) if length > self.limit().saturating_add(overhead) => {
                Err(PinError::TooLarge(self.limit()).into())
            }
            _ => Ok(()),
        }
    }

    fn begin(&self) -> Result<Upload, ApiError> {
        let cid = self.link.cid.as_deref().and_then(|text| parse_cid(text).ok());
        let profile = match &cid {
            Some(cid) => first_profile(self.profile(), Some(cid)),
            None => self.profile().unwrap_or(Profile::UNIXFS_V1_2025),
        };
        Ok(self.app.pins.begin(profile)?.at_most(self.limit()))
    }

    fn profile(&self) -> Option<Profile> {
        self.link.profile.as_deref().and_then(Profile::by_name)
    }

    /// Pins what came, if it is what the link is for and the link is still good.
    async fn pin(
        self,
        upload: Upload,
        file_name: Option<String>,
    ) -> Result<(StatusCode, Json<Pinned>), ApiError> {
        let name = self.link.name.clone().or(file_name).filter(|name| !name.is_empty());
        let visibility = self.link.visibility;
        let pinned = match &self.link.cid {
            Some(text) => {
                let cid = parse_cid(text).map_err(|error| ApiError::BadRequest(error.to_string()))?;
                self.app.pins.pin_upload(self.by, upload, &cid, text, Label { name, visibility }).await
            }
            None => {
                let wanted = Wanted {
                    profile: self.profile().unwrap_or(Profile::UNIXFS_V1_2025),
                    wrap: false,
                    source: PinSource::PinFile,
                    name,
                    meta: "{}".to_owned(),
                    visibility,
                };
                self.app.pins.pin_whole(self.by, upload, wanted).await
            }
        };
        let Pin { pin, pinned_at, .. } = pinned?;
        let pinned =
            Pinned { cid: pin.cid, size: pin.size, name: pin.name, pinned_at: pinned_at.to_string() };
        Ok((StatusCode::CREATED, Json(pinned)))
    }
}
